using System.Collections.Frozen;
using Toolstack.Cli.Commands;

namespace Toolstack.Cli;

/// <summary>Every command by its name; a command of its own goes before one that is derived.</summary>
internal static class CommandTable
{
    private static readonly Lazy<FrozenDictionary<string, CliCommand>> Table = new(() =>
    {
        IEnumerable<CliCommand> own =
        [
            .. VmCommands.All, .. DeviceCommands.All, .. StorageCommands.All, .. HostCommands.All, .. NetworkCommands.All, .. AdministrationCommands.All,
            new("help", [], ["<command>"], "Show the commands, or one of them.", HelpText.RunAsync),
        ];
        return own.Concat(DerivedCommands.All).DistinctBy(command => command.Name).ToFrozenDictionary(command => command.Name);
    });

    internal static IEnumerable<CliCommand> All => Table.Value.Values.OrderBy(command => command.Name, StringComparer.Ordinal);

    internal static CliCommand? Find(string name) => Table.Value.GetValueOrDefault(name);
}

using System.Collections.Immutable;
using System.Globalization;
using Toolstack.Cli;
using Toolstack.Idl;

namespace Toolstack.Tests.Cli;

/// <summary>A server of a few objects: records by class and reference; every other call is written down and answered as told.</summary>
internal sealed class FakeXapi : ICliSession
{
    internal Dictionary<string, Dictionary<string, Value.Struct>> Objects { get; } = [];

    internal List<string> Calls { get; } = [];

    internal Dictionary<string, Func<ImmutableArray<Value>, Value>> Answers { get; } = [];

    internal void Add(string className, string reference, params (string Name, Value Value)[] fields)
    {
        Objects.TryAdd(className, []);
        Objects[className][reference] = new Value.Struct([.. fields.Select(field => new KeyValuePair<string, Value>(field.Name, field.Value))]);
    }

    public string HandlerUrl(string pathAndQuery) => pathAndQuery;

    public Task<Value> CallAsync(string method, CancellationToken cancel, params ImmutableArray<Value> arguments)
    {
        var (className, message) = (method[..method.IndexOf('.', StringComparison.Ordinal)], method[(method.IndexOf('.', StringComparison.Ordinal) + 1)..]);
        if (Objects.TryGetValue(className, out var objects) && Look(objects, message, arguments) is { } found)
        {
            return Task.FromResult(found);
        }

        Calls.Add($"{method}({string.Join(", ", arguments.Select(Text))})");
        return Task.FromResult(Answers.TryGetValue(method, out var answer) ? answer(arguments) : Value.Empty);
    }

    private static Value? Look(Dictionary<string, Value.Struct> objects, string message, ImmutableArray<Value> arguments) => message switch
    {
        "get_all_records" => new Value.Struct([.. objects.Select(entry => new KeyValuePair<string, Value>(entry.Key, entry.Value))]),
        "get_record" => objects[arguments[0].AsString()],
        "get_by_uuid" => objects.Where(entry => entry.Value.Find("uuid")?.AsString() == arguments[0].AsString()).Select(entry => new Value.Text(entry.Key)).FirstOrDefault()
            ?? throw new XenApiError("UUID_INVALID", "VM", arguments[0].AsString()),
        "get_by_name_label" => new Value.Array([.. objects.Where(entry => entry.Value.Find("name_label")?.AsString() == arguments[0].AsString())
            .Select(entry => new Value.Text(entry.Key))]),
        _ when message.StartsWith("get_", StringComparison.Ordinal) && arguments.Length == 1 && objects.TryGetValue(arguments[0].AsString(), out var record) => record.Find(message[4..]),
        _ => null,
    };

    private static string Text(Value value) => value switch
    {
        Value.Array set => $"[{string.Join(' ', set.Items.Select(Text))}]",
        Value.Struct map => $"{{{string.Join(' ', map.Members.Select(member => member.Key + "=" + Text(member.Value)))}}}",
        Value.Bool flag => flag.Content ? "true" : "false",
        Value.Float number => number.Content.ToString(CultureInfo.InvariantCulture),
        _ => value.AsString(),
    };
}

/// <summary>Keeps what a command printed.</summary>
internal sealed class PrintedTerminal : ICliTerminal
{
    internal List<string> Printed { get; } = [];

    internal string Errors { get; private set; } = "";

    internal List<double> Progress { get; } = [];

    public Task PrintAsync(string text, CancellationToken cancel)
    {
        Printed.Add(text);
        return Task.CompletedTask;
    }

    public Task ErrorAsync(string text, CancellationToken cancel)
    {
        Errors += text;
        return Task.CompletedTask;
    }

    public Task ProgressAsync(double share, CancellationToken cancel)
    {
        Progress.Add(share);
        return Task.CompletedTask;
    }

    public Task<string> LoadAsync(string file, CancellationToken cancel) => throw new CliFileError(file);

    public Task DownloadAsync(string url, string file, CancellationToken cancel) => PrintAsync($"GET {url} {file}", cancel);

    public Task UploadAsync(string url, string file, CancellationToken cancel) => PrintAsync($"PUT {url} {file}", cancel);
}

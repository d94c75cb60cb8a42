using System.Globalization;
using Xunit;

namespace Toolstack.Tests.Fuzz;

/// <summary>Damages a valid document again and again; FUZZ_ROUNDS sets how often, and FUZZ_SEED with which seed it begins.</summary>
internal static class Rounds
{
    private const int Default = 20_000;

    internal static readonly int Count = Setting("FUZZ_ROUNDS") ?? Default;
    private static readonly int First = Setting("FUZZ_SEED") ?? 0;

    internal static void Run(byte[] valid, Action<byte[]> read, Predicate<Exception> declared)
    {
        read(valid);
        for (var seed = First; seed < First + Count; seed++)
        {
            Try(new Mutator(seed).Mutate(valid), read, declared, $"seed {seed}");
        }
    }

    /// <summary>Every beginning of it.</summary>
    internal static void Truncate(byte[] valid, Action<byte[]> read, Predicate<Exception> declared)
    {
        for (var length = 0; length <= valid.Length; length++)
        {
            Try(valid[..length], read, declared, $"{length} bytes");
        }
    }

    private static void Try(byte[] document, Action<byte[]> read, Predicate<Exception> declared, string which)
    {
        try
        {
            read(document);
        }
        catch (Exception error)
        {
            Assert.True(declared(error), $"{which}, {Convert.ToHexString(document)}: {error}");
        }
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
}

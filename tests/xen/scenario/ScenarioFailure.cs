namespace Toolstack.Tests.Xen;

/// <summary>Something is not as it must be; the message says what.</summary>
internal sealed class ScenarioFailure(string message) : Exception(message)
{
    internal static void Unless(bool condition, string message)
    {
        if (!condition)
        {
            throw new ScenarioFailure(message);
        }
    }
}

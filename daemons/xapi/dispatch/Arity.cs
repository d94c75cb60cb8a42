using System.Collections.Immutable;
using System.Globalization;
using Toolstack.Idl;

namespace Toolstack.Xapi.Dispatch;

/// <summary>The number of arguments: exact, unless the message's last parameters have defaults.</summary>
internal static class Arity
{
    /// <summary>The arguments without the session, one per parameter. Raises MESSAGE_PARAMETER_COUNT_MISMATCH [call; expected; received],
    /// where parameters with a default are not expected and the session counts on neither side.</summary>
    internal static ImmutableArray<Value> Check(MessageEntry entry, ImmutableArray<Value> parameters)
    {
        int session = entry.Session ? 1 : 0;
        int received = parameters.Length - session;
        ImmutableArray<XenParameter> declared = entry.Parameters;
        int expected = declared.Count(static p => p.Default is null);
        bool hasDefaults = expected < declared.Length;
        if (received < expected || (!hasDefaults && received > expected))
        {
            throw new XenApiError(
                "MESSAGE_PARAMETER_COUNT_MISMATCH",
                entry.FullName,
                expected.ToString(CultureInfo.InvariantCulture),
                received.ToString(CultureInfo.InvariantCulture));
        }

        if (received == declared.Length)
        {
            return parameters.RemoveRange(0, session);
        }

        return [.. declared.Select((p, i) => i < received ? parameters[i + session] : p.Default!)];
    }
}

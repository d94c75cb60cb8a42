using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>The error of an operation that has to wait for others on the same object; forwarding waits and tries again on it.</summary>
internal static class OtherOperation
{
    public const string Code = "OTHER_OPERATION_IN_PROGRESS";

    /// <summary>Parameters: class, object, operation, task; several operations are written <c>{a,b}</c>.</summary>
    public static XenApiError InProgress(string className, string reference, ImmutableArray<KeyValuePair<string, string>> current) =>
        new(Code, className, reference, Braced(current.Select(static c => c.Value)), Braced(current.Select(static c => c.Key)));

    private static string Braced(IEnumerable<string> words)
    {
        string[] all = [.. words];
        return all.Length == 1 ? all[0] : "{" + string.Join(',', all) + "}";
    }
}

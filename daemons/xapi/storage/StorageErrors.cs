using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Storage;

/// <summary>The failures of a storage driver as XenAPI names them: <c>SR_BACKEND_FAILURE_n</c> [status; stdout; stderr]. Source: XenAPI.</summary>
internal static class StorageErrors
{
    private const int NoSpace = 44;
    private const int Unavailable = 47;
    private const int BadSize = 79;
    private const int MissingLocation = 88;
    private const int Other = 181;
    private const int NoSpaceErrno = 28; // ENOSPC

    internal static XenApiError LocationMissing() => Backend(MissingLocation, "The request is missing the location parameter");

    internal static XenApiError RepositoryUnavailable(string detail) => Backend(Unavailable, $"The SR is not available [opterr={detail}]");

    internal static XenApiError InvalidSize(long size) =>
        Backend(BadSize, $"VDI Invalid size [opterr={size.ToString(CultureInfo.InvariantCulture)}]");

    internal static XenApiError NotAttached(Ref<SR> self) => new("SR_NOT_ATTACHED", self.ToString());

    /// <summary>What a failed access to the files of a repository is to a client.</summary>
    internal static XenApiError From(Exception error) =>
        error is IOException { HResult: NoSpaceErrno } or Interop.Linux.HypervisorError { Errno: NoSpaceErrno }
            ? Backend(NoSpace, "There is insufficient space")
            : Backend(Other, error.Message);

    private static XenApiError Backend(int number, string text) =>
        new("SR_BACKEND_FAILURE_" + number.ToString(CultureInfo.InvariantCulture), "", text, "");
}

using Toolstack.Hosting.Switch;
using Toolstack.Idl;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Xenops;

/// <summary>Carries xenops requests over the switch. A request that got no answer raises <see cref="XenopsError"/> (Internal_error) that
/// names the queue and <see cref="SwitchErrorKind"/>; <see cref="IsOutage"/> tells it from an answer.</summary>
internal sealed class XenopsTransport(SwitchConnection connection, string queue, TimeSpan deadline) : IQueueTransport
{
    public async ValueTask<ReadOnlyMemory<byte>> CallAsync(ReadOnlyMemory<byte> request, bool retrySafe, CancellationToken cancellation)
    {
        try
        {
            return await connection.CallAsync(queue, request, deadline, retrySafe, cancellation).ConfigureAwait(false);
        }
        catch (SwitchException e)
        {
            throw XenopsError.Internal($"no answer from {queue}: {e.Kind}: {e.Message}", e);
        }
    }

    /// <summary>True when the error says that xenopsd could not be asked, rather than what it answered.</summary>
    public static bool IsOutage(XenopsError error) => error.InnerException is SwitchException;
}

using Microsoft.Extensions.Logging;
using Toolstack.Hosting.Switch;
using Toolstack.Idl;

namespace Toolstack.Xapi.Dispatch;

/// <summary>The one place where what a call raised becomes the XenAPI failure that its caller sees.</summary>
internal static class ErrorMapper
{
    /// <param name="raised">What the call raised.</param>
    /// <param name="method">The method, for the log.</param>
    /// <param name="taskRef">The task that was cancelled, if that is what happened.</param>
    /// <param name="stopping">Whether the daemon is being stopped.</param>
    /// <param name="logger">Where failures without a name of their own are logged with their stack.</param>
    internal static XenApiError Map(Exception raised, string method, string taskRef, bool stopping, ILogger logger)
    {
        switch (raised)
        {
            case XenApiError error:
                return error;
            case OperationCanceledException when stopping:
                return new XenApiError("INTERNAL_ERROR", "the toolstack is being stopped");
            case OperationCanceledException:
                return new XenApiError("TASK_CANCELLED", taskRef);
            case ValueFormatException or WireFormatException:
                return new XenApiError("INTERNAL_ERROR", raised.Message);
            case SwitchException:
                Log.CallFailedAtSwitch(logger, method, raised.Message);
                return new XenApiError("INTERNAL_ERROR", raised.Message);
            default:
                Log.CallFailed(logger, method, raised);
                return new XenApiError("INTERNAL_ERROR", $"{raised.GetType().Name}: {raised.Message}");
        }
    }
}

using System.Collections.Immutable;
using System.Globalization;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Operations;

namespace Toolstack.Xenopsd.Server;

/// <summary>For tests.</summary>
public sealed partial class XenopsService
{
    public Task DebugTrigger(string debug_info, string cmd, ImmutableArray<string> args, CancellationToken cancel)
    {
        switch (cmd, args)
        {
            case ("reboot", [var id]):
                engine.Tasks.DestroyOnFinish(engine.Operations.Queue(debug_info, new Operation.VM_reboot(id, Timeout: null)).Id);
                return Task.CompletedTask;
            case ("set-cancel-trigger", [var target, var point]) when int.TryParse(point, NumberStyles.None, CultureInfo.InvariantCulture, out int number):
                engine.Tasks.SetCancelTrigger(target, number);
                return Task.CompletedTask;
            default:
                throw new XenopsError(new XenopsErrorValue.Unimplemented($"DEBUG.trigger {cmd}"));
        }
    }

    public Task DebugShutdown(string debug_info, CancellationToken cancel)
    {
        shutdown();
        return Task.CompletedTask;
    }
}

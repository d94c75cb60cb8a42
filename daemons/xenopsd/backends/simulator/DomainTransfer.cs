using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Simulator;

/// <summary>A simulated domain as the migration engines see it, from either end.</summary>
internal sealed class DomainTransfer(SimulatedDomain domain, SimulatorOptions options) : ISaveSource, IRestoreTarget
{
    public IGuestMemory Memory => domain.Memory;

    public string VmDescription => $"((id {Sexp.Quote(domain.Config.VmId)})(name {Sexp.Quote(domain.Config.Name)}))";

    public StaticState GetStaticState() => domain.State.Static;

    public void Suspend()
    {
        // Called on the engine's own thread, which has nothing else to do; the limits are the two timeouts.
        if (domain.GetStatus().ShutdownReason == ShutdownReason.Suspend)
        {
            return;
        }

        if (!domain.RequestShutdownAsync(ShutdownReason.Suspend, options.SuspendAckTimeout, CancellationToken.None).GetAwaiter().GetResult())
        {
            throw new XenopsError(new XenopsErrorValue.Failed_to_acknowledge_suspend_request());
        }

        if (!domain.WaitShutdownAsync(ShutdownReason.Suspend, options.SuspendTimeout, CancellationToken.None).GetAwaiter().GetResult())
        {
            throw new XenopsError(
                new XenopsErrorValue.Failed_to_suspend(domain.Config.VmId, options.SuspendTimeout.TotalSeconds));
        }
    }

    public DynamicState GetDynamicState() => domain.WithSlices(domain.State.Read);

    public void SetStaticState(StaticState state) => domain.State.Static = state;

    public void SetDynamicState(DynamicState state) => domain.Start(domain.State.Write(state, domain.Memory, domain.Config.Vcpus));

    /// <summary>The boundary where failures of the stream and of the connection become xenopsd's.</summary>
    public static T Mapped<T>(string what, Func<T> copy)
    {
        try
        {
            return copy();
        }
        catch (IOException error)
        {
            throw XenopsError.Internal($"{what}: {error.Message}", error);
        }
    }
}

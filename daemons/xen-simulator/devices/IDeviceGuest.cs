namespace Toolstack.XenSimulator.Devices;

/// <summary>The guest whose drivers these are.</summary>
internal interface IDeviceGuest
{
    int Domid { get; }

    /// <summary>Waits while the guest is paused or suspended: its drivers do nothing then.</summary>
    Task UntilRunningAsync(CancellationToken cancel);

    /// <summary>Writes a line on the guest's console.</summary>
    void Print(string line);
}

namespace Toolstack.MessageSwitch;

/// <summary>A connection, whatever protocol it speaks.</summary>
internal interface ISwitchPeer : IDisposable
{
    /// <summary>Serves until the connection ends; never raises.</summary>
    Task RunAsync(CancellationToken stopping);
}

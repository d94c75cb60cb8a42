using System.Diagnostics;

namespace Toolstack.Xenopsd.Server;

/// <summary>For tests of recovery: ends the process, as <c>kill -9</c> does, at one boundary of a plain step.</summary>
internal static class BoundarySwitch
{
    /// <summary>What to call at every boundary; null when <paramref name="boundary"/> is 0, and nothing is counted.</summary>
    internal static Action? At(long boundary)
    {
        if (boundary == 0)
        {
            return null;
        }

        long passed = 0;
        return () =>
        {
            if (Interlocked.Increment(ref passed) == boundary)
            {
                Process.GetCurrentProcess().Kill();
                Thread.Sleep(Timeout.Infinite);
            }
        };
    }
}

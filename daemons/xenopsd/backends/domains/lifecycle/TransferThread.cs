using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.LifeCycle;

/// <summary>Copies of what a domain holds to a connection or from one, each on a thread of its own, for they block.</summary>
internal static class TransferThread
{
    /// <summary>The boundary where failures of the stream and of the connection become xenopsd's: Internal_error, which begins with
    /// <paramref name="what"/>.</summary>
    public static Task<T> RunAsync<T>(string what, Func<T> copy) => Task.Factory.StartNew(
        () =>
        {
            try
            {
                return copy();
            }
            catch (IOException error)
            {
                throw XenopsError.Internal($"{what}: {error.Message}", error);
            }
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);
}

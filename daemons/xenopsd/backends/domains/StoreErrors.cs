using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains;

/// <summary>The boundary where failures of xenstore become xenopsd's.</summary>
internal static class StoreErrors
{
    public static async Task<T> MapAsync<T>(Func<Task<T>> action)
    {
        try
        {
            return await action().ConfigureAwait(false);
        }
        catch (Exception error) when (error is XenstoreError or XenstoreFormatException)
        {
            throw XenopsError.Internal(error.Message, error);
        }
    }

    public static Task MapAsync(Func<Task> action) => MapAsync(async () =>
    {
        await action().ConfigureAwait(false);
        return true;
    });
}

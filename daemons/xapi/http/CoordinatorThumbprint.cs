using Microsoft.AspNetCore.Http;
using Toolstack.Idl;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Http;

/// <summary>A client that asks a member is told where the coordinator is, and, when it asks by a header, also by which certificate it knows it there.</summary>
internal static class CoordinatorThumbprint
{
    private const string Asked = "x-xenapi-request-host-certificate-thumbprint";
    private const string Told = "x-xenapi-response-host-certificate-thumbprint";
    private const string Sha256 = "sha-256:master";
    private const string Sha1 = "sha-1:master";

    /// <summary>To be called before the answer begins. Nothing for other failures, and when the coordinator does not say in time.</summary>
    internal static async ValueTask AddAsync(HttpContext context, XapiServices services, XenApiError error)
    {
        if (error.Code != "HOST_IS_SLAVE" || context.Request.Headers[Asked].ToString() is not { } kind || kind is not (Sha256 or Sha1))
        {
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        limit.CancelAfter(HttpLimits.ThumbprintDeadline);
        try
        {
            if (await CertificateRows.FingerprintOfCoordinatorAsync(services.Database, kind == Sha256, limit.Token).ConfigureAwait(false) is { } fingerprint)
            {
                context.Response.Headers[Told] = fingerprint;
            }
        }
        catch (Exception failure) when (failure is XenApiError or OperationCanceledException)
        {
            // The answer proper needs no coordinator.
        }
    }
}

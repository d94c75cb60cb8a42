using System.Net;

namespace Toolstack.Xapi.Http.Tls;

/// <summary>An address on which every connection begins with a TLS handshake.</summary>
internal sealed class TlsEndPoint(IPAddress address, int port, ServerCertificate certificate) : IPEndPoint(address, port)
{
    internal ServerCertificate Certificate => certificate;
}

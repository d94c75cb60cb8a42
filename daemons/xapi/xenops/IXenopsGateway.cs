namespace Toolstack.Xapi.Xenops;

/// <summary>The door to the local xenopsd for other hosts (<c>POST /services/xenops</c>).</summary>
public interface IXenopsGateway
{
    /// <summary>Passes an XML-RPC methodCall on to xenopsd's queue and returns the XML-RPC methodResponse to send back.</summary>
    ValueTask<ReadOnlyMemory<byte>> HandleXmlRpcAsync(ReadOnlyMemory<byte> body, CancellationToken cancel);
}

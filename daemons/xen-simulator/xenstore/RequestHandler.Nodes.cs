using System.Globalization;
using System.Text;
using Toolstack.Interop.Xen.Xenstore;
using static Toolstack.Interop.Xen.Xenstore.XenstoreErrorName;

namespace Toolstack.XenSimulator.Xenstore;

/// <summary>Requests on nodes, in a transaction of the peer or in the store itself.</summary>
internal sealed partial class RequestHandler
{
    private XenstoreErrorName? OnNode(Request request, ReadOnlySpan<byte> payload)
    {
        Nodes nodes = tree;
        if (request.TransactionId != 0)
        {
            if (!request.Peer.Transactions.TryGetValue(request.TransactionId, out var transaction))
            {
                return ENOENT;
            }

            nodes = transaction;
        }

        var end = payload.IndexOf((byte)0);
        if (end < 0)
        {
            return EINVAL;
        }

        var given = Encoding.UTF8.GetString(payload[..end]);
        var rest = payload[(end + 1)..];
        if (request.Operation == XenstoreOperation.SetPerms && XenstorePath.IsSpecial(given))
        {
            return SetSpecialPermissions(request, given, rest);
        }

        if (Absolute(request.Peer, given) is not { } path || !XenstorePath.IsValid(path) || TooLong(path))
        {
            return EINVAL;
        }

        var operations = new StoreOperations(nodes, request.Peer.Caller, quotas);
        var error = request.Operation switch
        {
            XenstoreOperation.Read => Read(request, operations, path),
            XenstoreOperation.Directory => Directory(request, operations, path),
            XenstoreOperation.DirectoryPart => DirectoryPart(request, operations, path, rest),
            XenstoreOperation.GetPerms => GetPermissions(request, operations, path),
            _ => Change(request, operations, path, rest),
        };
        return error;
    }

    private XenstoreErrorName? Change(Request request, StoreOperations operations, string path, ReadOnlySpan<byte> rest)
    {
        XenstoreErrorName? error;
        switch (request.Operation)
        {
            case XenstoreOperation.Write:
                error = operations.Write(path, rest.ToArray());
                break;
            case XenstoreOperation.Mkdir:
                error = operations.MakeDirectory(path);
                break;
            case XenstoreOperation.Rm:
                error = operations.Remove(path);
                break;
            default:
                error = TryPermissions(rest, out var permissions) ? operations.SetPermissions(path, permissions) : EINVAL;
                break;
        }

        if (error is not null)
        {
            return error;
        }

        if (request.TransactionId == 0)
        {
            FireChanges(tree);
        }

        return request.Done();
    }

    private static XenstoreErrorName? Read(Request request, StoreOperations operations, string path) =>
        operations.Find(path, XenstoreAccess.Read, out var node) ?? request.Bytes(node!.Value.Span);

    private static XenstoreErrorName? Directory(Request request, StoreOperations operations, string path) =>
        operations.Find(path, XenstoreAccess.Read, out var node) ?? request.Words([.. node!.Children]);

    private static XenstoreErrorName? GetPermissions(Request request, StoreOperations operations, string path) =>
        operations.Find(path, XenstoreAccess.Read, out var node) ?? request.Words(node!.Permissions.Words());

    /// <summary>The node's generation, then as many names of children from an offset in their list as one message holds; one more empty
    /// word at the end of the list.</summary>
    private static XenstoreErrorName? DirectoryPart(Request request, StoreOperations operations, string path, ReadOnlySpan<byte> rest)
    {
        if (!TryWords(rest, 1, out var words) || !int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
        {
            return EINVAL;
        }

        if (operations.Find(path, XenstoreAccess.Read, out var node) is { } error)
        {
            return error;
        }

        var reply = new List<string> { node!.Generation.ToString(CultureInfo.InvariantCulture) };
        var room = XenstoreLimits.MaxRequestPayload - reply[0].Length - 2;
        var at = 0;
        foreach (var name in node.Children)
        {
            if (at >= offset)
            {
                if (name.Length + 1 > room)
                {
                    return request.Words([.. reply]);
                }

                reply.Add(name);
                room -= name.Length + 1;
            }

            at += name.Length + 1;
        }

        reply.Add("");
        return request.Words([.. reply]);
    }

    private XenstoreErrorName? SetSpecialPermissions(Request request, string name, ReadOnlySpan<byte> rest)
    {
        if (!domains.IsSpecial(name) || !TryPermissions(rest, out var permissions))
        {
            return EINVAL;
        }

        if (!request.Peer.Caller.Privileged)
        {
            return EACCES;
        }

        domains.SetSpecialPermissions(name, permissions);
        return request.Done();
    }

    private static bool TryPermissions(ReadOnlySpan<byte> rest, out XenstorePermissions permissions)
    {
        permissions = new XenstorePermissions(0);
        if (!TryWords(rest, 1, out var words))
        {
            return false;
        }

        try
        {
            permissions = XenstorePermissions.Parse(words);
            return true;
        }
        catch (XenstoreFormatException)
        {
            return false;
        }
    }

    /// <summary>What stands below a domain's own directory has a limit of its own.</summary>
    private bool TooLong(string path)
    {
        const string Domains = "/local/domain/";
        if (!path.StartsWith(Domains, StringComparison.Ordinal))
        {
            return false;
        }

        var own = path.IndexOf('/', Domains.Length);
        return own > 0 && path.Length - own - 1 > quotas.PathLength;
    }
}

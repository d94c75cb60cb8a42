using System.Globalization;
using Toolstack.Interop.Xen.Xenstore;
using static Toolstack.Interop.Xen.Xenstore.XenstoreErrorName;

namespace Toolstack.XenSimulator.Xenstore;

/// <summary>Requests on domains.</summary>
internal sealed partial class RequestHandler
{
    private XenstoreErrorName? OnDomain(Request request, ReadOnlySpan<byte> payload)
    {
        if (!TryWords(payload, 1, out var words) || !TryNumber(words[0], out var domid))
        {
            return EINVAL;
        }

        switch (request.Operation)
        {
            case XenstoreOperation.GetDomainPath:
                return request.Words("/local/domain/" + domid.ToString(CultureInfo.InvariantCulture));
            case XenstoreOperation.IsDomainIntroduced:
                return request.Words(domains.IsIntroduced(domid) ? "T" : "F");
            case XenstoreOperation.Introduce:
                return words.Count < 3 || !TryNumber(words[2], out var port) || port == 0 ? EINVAL : Introduce(request, domid);
            case XenstoreOperation.SetTarget:
                return words.Count < 2 || !TryNumber(words[1], out var target) ? EINVAL : domains.SetTarget(domid, target) ?? request.Done();
            case XenstoreOperation.Resume:
                return domains.Resume(domid) ?? request.Done();
            default:
                if (!domains.Release(domid, out var left))
                {
                    return ENOENT;
                }

                if (left is not null)
                {
                    Reset(left);
                }

                watches.FireSpecial(DomainTable.ReleaseDomain, domains.PermissionsOf(DomainTable.ReleaseDomain));
                return request.Done();
        }
    }

    private XenstoreErrorName? Introduce(Request request, int domid)
    {
        if (!domains.Introduce(domid, out var first, out var known))
        {
            return EINVAL;
        }

        if (first)
        {
            watches.FireSpecial(DomainTable.IntroduceDomain, domains.PermissionsOf(DomainTable.IntroduceDomain));
        }
        else if (known is not null)
        {
            // xenstored takes the ring as new: what the guest had set up over it is gone.
            Reset(known);
        }

        return request.Done();
    }

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}

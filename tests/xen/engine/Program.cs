using System.Globalization;
using Toolstack.Tests.Xen.Engine;

// xen-engine: the migration engine on a real Xen, without the daemons around it. Runs as root in dom0.
const string usage = """
    xen-engine save DOMID IMAGE [live]          copy a running guest to a file; it is left suspended
    xen-engine fail DOMID                       a live copy that breaks off after the guest was suspended; it is resumed
    xen-engine restore IMAGE NAME pv|pvh MIB    a new domain from a file; prints its domid
    xen-engine migrate DOMID NAME pv|pvh MIB    a live copy to a new domain of this machine; the old one is destroyed
    xen-engine bench [NAME=VALUE ...]           guests started, saved, restored and moved by us and by xl, in a table: rounds=3 mib=112 vcpus=1
                                                kinds=pvh,pv steps=save,migrate,break xl=yes
    xen-engine watch SECONDS                    what happens to domains meanwhile, in milliseconds since it began
    xen-engine unwrap IMAGE XLFILE OUT          what xl restores: XLFILE, saved by xl of such a guest, with the stream of IMAGE
    xen-engine wrap XLFILE OUT                  the image with the stream that xl saved
    """;
try
{
    switch (args)
    {
        case ["save", var domid, var image, .. var rest]:
            await Copies.SaveAsync(Number(domid), image, live: rest is ["live"]);
            break;
        case ["fail", var domid]:
            await Copies.FailAsync(Number(domid));
            break;
        case ["restore", var image, var name, var kind, var mib]:
            await Copies.RestoreAsync(image, new Guest(name, kind == "pv", Number(mib)));
            break;
        case ["migrate", var domid, var name, var kind, var mib]:
            await Copies.MigrateAsync(Number(domid), new Guest(name, kind == "pv", Number(mib)));
            break;
        case ["bench", .. var words]:
            await BenchPlan.Parse(words).RunAsync();
            break;
        case ["watch", var seconds]:
            await Watch.RunAsync(TimeSpan.FromSeconds(Number(seconds)));
            break;
        case ["unwrap", var image, var template, var output]:
            XlFile.Unwrap(image, template, output);
            break;
        case ["wrap", var file, var output]:
            XlFile.Wrap(file, output);
            break;
        default:
            Console.Error.WriteLine(usage);
            return 2;
    }

    return 0;
}
catch (Exception error) when (error is IOException or Toolstack.Xenopsd.Contract.XenopsError)
{
    Console.Error.WriteLine($"xen-engine: {error}");
    return 1;
}

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

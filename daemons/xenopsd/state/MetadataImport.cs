using System.Collections.Immutable;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.State;

/// <summary>The record that metadata of elsewhere becomes here (xenops protocol, VM.import_metadata).</summary>
public static class MetadataImport
{
    private const string Featureset = "featureset";

    /// <summary>A VM that names no CPU features is taken to use all that a guest of its kind can have here; disks named as IDE ones get their
    /// names of today. Without <paramref name="extra"/> what the backend kept of the VM so far stays.</summary>
    public static VmRecord Record(Metadata metadata, VmExtra? extra, VmRecord? old, CpuFeatures? host)
    {
        var vm = metadata.vm;
        return new VmRecord(
            vm.platformdata.ContainsKey(Featureset) || FeaturesOf(vm, host) is not { Length: > 0 } features
                ? vm
                : vm with { platformdata = vm.platformdata.SetItem(Featureset, features) },
            [.. metadata.vbds.Select(v => v with { id = (v.id.vm, Renamed(v.id.device)) })],
            metadata.vifs,
            extra ?? old?.Extra ?? new VmExtra())
        {
            Pcis = metadata.pcis,
            Vgpus = metadata.vgpus,
            Vusbs = metadata.vusbs,
        };
    }

    private static string? FeaturesOf(Vm vm, CpuFeatures? host) => vm.ty is BuilderInfo.PV ? host?.PvMax : host?.HvmMax;

    private static string Renamed(string device) => device.StartsWith("hd", StringComparison.Ordinal) ? $"xvd{device[2..]}" : device;
}

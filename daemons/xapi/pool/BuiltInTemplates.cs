using System.Collections.Immutable;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Pool;

/// <summary>The templates that every pool has, told apart by reference_label. They are small: guests grow by their owner's choice.</summary>
internal static class BuiltInTemplates
{
    private const long Mebibyte = 1024 * 1024;

    internal static ImmutableArray<VM> All { get; } =
    [
        Template("Other install media", "other-install-media", domain_type.hvm, "Any operating system, from its installation medium") with
        {
            HVM_boot_policy = "BIOS order",
            HVM_boot_params = ImmutableSortedDictionary<string, string>.Empty.Add("order", "dc"),
        },
        Template("Linux PVH guest", "linux-pvh", domain_type.pvh, "A Linux guest that boots its kernel directly"),
    ];

    private static VM Template(string name, string label, domain_type type, string description) => new()
    {
        name_label = name,
        name_description = description,
        reference_label = label,
        is_a_template = true,
        is_default_template = true,
        domain_type = type,
        memory_static_max = 256 * Mebibyte,
        memory_dynamic_max = 256 * Mebibyte,
        memory_dynamic_min = 256 * Mebibyte,
        memory_static_min = 128 * Mebibyte,
        VCPUs_max = 1,
        VCPUs_at_startup = 1,
        actions_after_shutdown = on_normal_exit.destroy,
        actions_after_reboot = on_normal_exit.restart,
        actions_after_crash = on_crash_behaviour.restart,
        domid = -1,
        platform = ImmutableSortedDictionary<string, string>.Empty.Add("acpi", "true").Add("apic", "true").Add("nx", "true").Add("pae", "true"),
        other_config = ImmutableSortedDictionary<string, string>.Empty.Add("default_template", "true").Add("install-methods", ""),
    };
}

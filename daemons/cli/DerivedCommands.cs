using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Cli;

/// <summary>The commands every class has: <c>CLASS-list</c> and <c>CLASS-param-list|get|set|add|remove|clear</c>.</summary>
internal static class DerivedCommands
{
    /// <summary>What a list shows when nobody asks for more, as the original has it; other classes show their uuid and names.</summary>
    private static readonly Dictionary<string, string[]> Shown = new()
    {
        ["vm"] = ["uuid", "name-label", "power-state"],
        ["template"] = ["uuid", "name-label", "name-description"],
        ["snapshot"] = ["uuid", "name-label", "name-description", "snapshot-time"],
        ["host"] = ["uuid", "name-label", "name-description"],
        ["pool"] = ["uuid", "name-label", "name-description", "master", "default-SR"],
        ["sr"] = ["uuid", "name-label", "name-description", "type", "content-type"],
        ["vdi"] = ["uuid", "name-label", "name-description", "sr-uuid", "virtual-size", "sharable", "read-only"],
        ["vbd"] = ["uuid", "vm-uuid", "vm-name-label", "vdi-uuid", "empty", "device"],
        ["vif"] = ["uuid", "vm-uuid", "device", "network-uuid"],
        ["pbd"] = ["uuid", "host-uuid", "sr-uuid", "device-config", "currently-attached"],
        ["pif"] = ["uuid", "device", "currently-attached", "VLAN", "network-uuid"],
        ["network"] = ["uuid", "name-label", "name-description", "bridge"],
        ["task"] = ["uuid", "name-label", "name-description", "status", "progress"],
        ["console"] = ["uuid", "vm-uuid", "vm-name-label", "protocol", "location"],
        ["subject"] = ["uuid", "subject-identifier", "other-config", "roles"],
        ["bond"] = ["uuid", "master-uuid", "slaves"],
        ["host-cpu"] = ["uuid", "number", "vendor", "speed", "utilisation"],
        ["message"] = ["uuid", "name", "priority", "cls", "obj-uuid", "timestamp", "body"],
    };

    private static readonly string[] ShownOtherwise = ["uuid", "name-label", "name-description"];

    /// <summary>Classes that the original names in a way of its own.</summary>
    private static readonly Dictionary<string, string> Words = new(StringComparer.Ordinal)
    {
        ["VM_appliance"] = "appliance",
        ["pool_patch"] = "patch",
        ["pool_update"] = "update",
    };

    /// <summary>Words before the suffix, and what they list: classes, and the kinds of VM that are none to the command line.</summary>
    internal static readonly ImmutableArray<Listed> Kinds =
    [
        .. Datamodel.Classes.Where(xenClass => xenClass.InDatabase && xenClass.ExposesAll && !xenClass.Removed && xenClass.Field("uuid") is not null)
            .Select(xenClass => new Listed(Word(xenClass), xenClass, xenClass.Name == "VM" ? static record => !Is(record, "is_a_template") : static _ => true)),
        new Listed("template", VM.Info, static record => Is(record, "is_a_template") && !Is(record, "is_a_snapshot")),
        new Listed("snapshot", VM.Info, static record => Is(record, "is_a_snapshot")),
        new Listed("message", message.Info, static _ => true),
    ];

    /// <summary>What a command on VMs means when they are not named: control domains are listed with the others, but never acted on.</summary>
    internal static bool IsVm(Value.Struct record) => !Is(record, "is_a_template") && !Is(record, "is_control_domain");

    internal static IEnumerable<CliCommand> All => Kinds.SelectMany(kind => new CliCommand[]
    {
        new(kind.Word + "-list", [], ["params", "<field>"], $"List {kind.Word} objects, all or those whose fields have the given values.",
            (context, cancel) => ListAsync(kind, context, cancel)),
        new(kind.Word + "-param-list", ["uuid"], [], "Show every field.", (context, cancel) => ParamListAsync(kind, context, cancel)),
        new(kind.Word + "-param-get", ["uuid", "param-name"], ["param-key"], "Show one field, or one entry of a map.",
            (context, cancel) => ParamGetAsync(kind, context, cancel)),
        new(kind.Word + "-param-set", ["uuid"], ["<field>", "<map>:<key>"], "Set fields, or entries of maps.",
            (context, cancel) => ParamSetAsync(kind, context, cancel)),
        new(kind.Word + "-param-add", ["uuid", "param-name"], ["param-key", "<key>"], "Add to a set, or entries to a map.",
            (context, cancel) => ParamAddAsync(kind, context, cancel)),
        new(kind.Word + "-param-remove", ["uuid", "param-name", "param-key"], [], "Remove from a set or a map.",
            (context, cancel) => ParamRemoveAsync(kind, context, cancel)),
        new(kind.Word + "-param-clear", ["uuid", "param-name"], [], "Empty a set, a map, a text or a reference.",
            (context, cancel) => ParamClearAsync(kind, context, cancel)),
    });

    private static string Word(XenClass xenClass) => Words.GetValueOrDefault(xenClass.Name, RecordView.Dashed(xenClass.EventName));

    private static async Task ListAsync(Listed kind, CliContext context, CancellationToken cancel)
    {
        var view = RecordView.Of(kind.Class);
        var fields = context.Arguments.Optional("params") switch
        {
            "" => [.. Shown.GetValueOrDefault(kind.Word, ShownOtherwise).Select(view.TryFind).OfType<ViewField>()],
            "all" => [.. view.Fields],
            var names => Typed.Words(names).Select(view.Find).ToArray(),
        };
        var filters = context.Arguments.Filters().ToArray();
        // A template that is asked for by a field of its own is meant.
        Func<Value.Struct, bool> belongs = filters.Any(filter => filter.Key is "uuid" or "is-a-template") ? static _ => true : kind.Belongs;
        var rows = await Selection.RecordsAsync(context, view, filters, belongs, cancel);
        foreach (var field in fields.Where(field => field.Target is not null && field.Field.Shape == FieldShape.Ref))
        {
            await context.Names.PrepareAsync(field.Target!, rows.Select(row => row.Record.Find(field.Field.Name)).OfType<Value.Text>(), cancel);
        }

        if (context.Arguments.Minimal)
        {
            var values = new List<string>();
            foreach (var (_, record) in rows)
            {
                values.Add(await fields[0].Show(record, context.Names, cancel));
            }

            await context.PrintAsync(RecordText.Minimal(values), cancel);
            return;
        }

        foreach (var (_, record) in rows)
        {
            await context.PrintAsync(await RecordText.BlockAsync(fields, record, context.Names, cancel) + "\n", cancel);
        }
    }

    private static async Task ParamListAsync(Listed kind, CliContext context, CancellationToken cancel)
    {
        var reference = await SubjectAsync(kind, context, cancel);
        var record = (await context.Session.CallAsync(kind.Class.Name + ".get_record", cancel, reference)).AsStruct();
        await context.PrintAsync(await RecordText.BlockAsync(RecordView.Of(kind.Class).Fields, record, context.Names, cancel) + "\n", cancel);
    }

    private static async Task ParamGetAsync(Listed kind, CliContext context, CancellationToken cancel)
    {
        var (reference, field) = await FieldAsync(kind, context, cancel);
        var value = kind.Class.InDatabase
            ? await context.Session.CallAsync($"{kind.Class.Name}.get_{field.Field.Name}", cancel, reference)
            : (await context.Session.CallAsync(kind.Class.Name + ".get_record", cancel, reference)).AsStruct().Find(field.Field.Name) ?? Value.Empty;
        if (context.Arguments.Find("param-key") is { } key)
        {
            var entry = value is Value.Struct map ? map.Find(key) : throw new CliUsageError($"{field.Name} is no map");
            await context.PrintAsync(RecordView.Text(entry ?? throw new CliUsageError($"Key {key} not found in map")), cancel);
            return;
        }

        var record = new Value.Struct([new(field.Field.Name, value)]);
        await context.PrintAsync(await field.Show(record, context.Names, cancel), cancel);
    }

    private static async Task ParamSetAsync(Listed kind, CliContext context, CancellationToken cancel)
    {
        var reference = await SubjectAsync(kind, context, cancel);
        var view = RecordView.Of(kind.Class);
        foreach (var (name, text) in context.Arguments.Filters("uuid"))
        {
            var colon = name.IndexOf(':', StringComparison.Ordinal);
            var field = view.Find(colon < 0 ? name : name[..colon]);
            if (colon < 0)
            {
                if (field.Access.EndsWith("RO", StringComparison.Ordinal))
                {
                    throw new CliUsageError($"The field {field.Name} is read-only");
                }

                var value = await Typed.ReadAsync(field.Field.Type, name, text, context.Names, cancel);
                await context.Session.CallAsync($"{kind.Class.Name}.set_{field.Field.Name}", cancel, reference, value);
                continue;
            }

            await ReplaceEntryAsync(kind, context, reference, field, name[(colon + 1)..], text, cancel);
        }
    }

    private static async Task ParamAddAsync(Listed kind, CliContext context, CancellationToken cancel)
    {
        var (reference, field) = await FieldAsync(kind, context, cancel);
        if (field.Field.Shape == FieldShape.Map)
        {
            foreach (var (key, text) in context.Arguments.Filters("uuid", "param-name"))
            {
                await context.Session.CallAsync($"{kind.Class.Name}.add_to_{field.Field.Name}", cancel, reference, new Value.Text(key), new Value.Text(text));
            }

            return;
        }

        var item = await ItemAsync(context, field, cancel);
        await context.Session.CallAsync($"{kind.Class.Name}.add_{field.Field.Name}", cancel, reference, item);
    }

    private static async Task ParamRemoveAsync(Listed kind, CliContext context, CancellationToken cancel)
    {
        var (reference, field) = await FieldAsync(kind, context, cancel);
        if (field.Field.Shape == FieldShape.Map)
        {
            await context.Session.CallAsync(
                $"{kind.Class.Name}.remove_from_{field.Field.Name}", cancel, reference, new Value.Text(context.Arguments.Required("param-key")));
            return;
        }

        await context.Session.CallAsync($"{kind.Class.Name}.remove_{field.Field.Name}", cancel, reference, await ItemAsync(context, field, cancel));
    }

    private static async Task ParamClearAsync(Listed kind, CliContext context, CancellationToken cancel)
    {
        var (reference, field) = await FieldAsync(kind, context, cancel);
        Value empty = field.Field.Shape switch
        {
            FieldShape.Map => new Value.Struct([]),
            FieldShape.Set or FieldShape.RefSet => new Value.Array([]),
            FieldShape.Ref => ObjectNames.Null,
            _ when field.Field.Type == "string" => Value.Empty,
            _ => throw new CliUsageError($"{field.Name} cannot be cleared"),
        };
        await context.Session.CallAsync($"{kind.Class.Name}.set_{field.Field.Name}", cancel, reference, empty);
    }

    private static async Task ReplaceEntryAsync(
        Listed kind, CliContext context, Value reference, ViewField field, string key, string text, CancellationToken cancel)
    {
        await context.Session.CallAsync($"{kind.Class.Name}.remove_from_{field.Field.Name}", cancel, reference, new Value.Text(key));
        await context.Session.CallAsync($"{kind.Class.Name}.add_to_{field.Field.Name}", cancel, reference, new Value.Text(key), new Value.Text(text));
    }

    private static Task<Value> ItemAsync(CliContext context, ViewField field, CancellationToken cancel)
    {
        var type = field.Field.Type.EndsWith(" set", StringComparison.Ordinal)
            ? field.Field.Type[..^" set".Length]
            : throw new CliUsageError($"{field.Name} is neither a set nor a map");
        return Typed.ReadAsync(type, "param-key", context.Arguments.Required("param-key"), context.Names, cancel);
    }

    private static async Task<(Value Ref, ViewField Field)> FieldAsync(Listed kind, CliContext context, CancellationToken cancel)
    {
        var field = RecordView.Of(kind.Class).Find(context.Arguments.Required("param-name"));
        return (await SubjectAsync(kind, context, cancel), field);
    }

    private static Task<Value> SubjectAsync(Listed kind, CliContext context, CancellationToken cancel) =>
        context.Names.ByUuidAsync(kind.Class.Name, context.Arguments.Required("uuid"), cancel);

    private static bool Is(Value.Struct record, string field) => record.Find(field) is Value.Bool { Content: true };
}

/// <summary>Something that can be listed: its word on the command line, its class, and which of the class's objects belong to it.</summary>
internal sealed record Listed(string Word, XenClass Class, Func<Value.Struct, bool> Belongs);

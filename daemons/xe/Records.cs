using Toolstack.Idl;

namespace Toolstack.Xe;

/// <summary>The commands every class has: list, and its parameters shown and set.</summary>
internal static class Records
{
    private static readonly HashSet<string> Reserved = ["params"];
    private static readonly string[] ShownByDefault = ["uuid", "name_label", "name_description", "power_state", "host", "status"];

    internal static async Task ListAsync(Connection xapi, XenClass xenClass, XeArguments arguments, TextWriter output, CancellationToken cancel)
    {
        var fields = arguments.Optional("params") switch
        {
            "" => [.. ShownByDefault.Select(xenClass.Field).OfType<XenField>().Where(field => !field.Internal)],
            "all" => xenClass.Fields.Where(field => !field.Internal).ToArray(),
            var names => names.Split(',').Select(name => FieldText.Find(xenClass, name)).ToArray(),
        };
        var filters = arguments.Parameters.Where(entry => !Reserved.Contains(entry.Key))
            .Select(entry => (Field: FieldText.Find(xenClass, entry.Key), Wanted: entry.Value)).ToArray();
        var records = (await xapi.CallAsync(xenClass.Name + ".get_all_records", cancel)).AsStruct().Members
            .Select(member => member.Value.AsStruct())
            .Where(record => filters.All(filter => FieldText.Show(Get(record, filter.Field)) == filter.Wanted))
            .Where(record => filters.Length > 0 || !IsTemplate(record));
        if (arguments.Minimal)
        {
            await output.WriteLineAsync(string.Join(',', records.Select(record => FieldText.Show(Get(record, fields[0])))));
            return;
        }

        foreach (var record in records)
        {
            await WriteAsync(output, record, fields);
            await output.WriteAsync("\n\n");
        }
    }

    internal static async Task ParamListAsync(Connection xapi, XenClass xenClass, XeArguments arguments, TextWriter output, CancellationToken cancel)
    {
        var reference = await ByUuidAsync(xapi, xenClass.Name, arguments.Required("uuid"), cancel);
        var record = (await xapi.CallAsync(xenClass.Name + ".get_record", cancel, reference)).AsStruct();
        await WriteAsync(output, record, xenClass.Fields.Where(field => !field.Internal));
    }

    internal static async Task ParamGetAsync(Connection xapi, XenClass xenClass, XeArguments arguments, TextWriter output, CancellationToken cancel)
    {
        var field = FieldText.Find(xenClass, arguments.Required("param-name"));
        var reference = await ByUuidAsync(xapi, xenClass.Name, arguments.Required("uuid"), cancel);
        var value = await xapi.CallAsync($"{xenClass.Name}.get_{field.Name}", cancel, reference);
        if (arguments.Optional("param-key") is { Length: > 0 } key)
        {
            value = value.AsStruct().Find(key) ?? throw new UsageException($"{FieldText.Name(field.Name)} has no key {key}");
        }

        await output.WriteLineAsync(FieldText.Show(value));
    }

    internal static async Task ParamSetAsync(Connection xapi, XenClass xenClass, XeArguments arguments, TextWriter output, CancellationToken cancel)
    {
        var reference = await ByUuidAsync(xapi, xenClass.Name, arguments.Required("uuid"), cancel);
        foreach (var (name, text) in arguments.Parameters.Where(entry => entry.Key != "uuid"))
        {
            var field = FieldText.Find(xenClass, name);
            await xapi.CallAsync($"{xenClass.Name}.set_{field.Name}", cancel, reference, FieldText.Read(field, text));
        }
    }

    internal static Task<Value> ByUuidAsync(Connection xapi, string className, string uuid, CancellationToken cancel) =>
        xapi.CallAsync(className + ".get_by_uuid", cancel, Connection.Text(uuid));

    private static async Task WriteAsync(TextWriter output, Value.Struct record, IEnumerable<XenField> fields)
    {
        const int nameWidth = 20;
        foreach (var field in fields)
        {
            var access = field.Qualifier == Qualifier.RW ? "RW" : "RO";
            var name = FieldText.Name(field.Name);
            name = field.Name == "uuid" ? name.PadRight(nameWidth - 4) : name.PadLeft(nameWidth);
            await output.WriteLineAsync($"{name} ( {access}): {FieldText.Show(Get(record, field))}");
        }
    }

    private static Value Get(Value.Struct record, XenField field) => record.Find(field.Name) ?? Value.Empty;

    private static bool IsTemplate(Value.Struct record) =>
        record.Find("is_a_template") is Value.Bool { Content: true } || record.Find("is_a_snapshot") is Value.Bool { Content: true };
}

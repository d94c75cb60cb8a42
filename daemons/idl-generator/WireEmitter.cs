namespace Toolstack.Idl.Generator;

/// <summary>Emits the codec of a wire type: a static class with Write and Read, for every encoding alike.</summary>
internal static class WireEmitter
{
    private const string Value = "global::Toolstack.Idl.Value";
    private const string Wire = "global::Toolstack.Idl.Wire";
    private const string Writer = "global::Toolstack.Idl.ValueWriter";

    public static string Emit(WireModel model)
    {
        CodeWriter code = CodeWriter.File(model.Space);
        code.Line($"/// <summary>Writes and reads <see cref=\"{model.CSharp}\"/>; reading raises ValueFormatException.</summary>");
        code.Open($"{model.Access} static class {model.CodecName}");
        switch (model.Kind)
        {
            case WireKind.Enum: EmitEnum(code, model); break;
            case WireKind.Record: EmitRecord(code, model); break;
            default: EmitVariant(code, model); break;
        }

        code.Close();
        return code.ToString();
    }

    private static void EmitEnum(CodeWriter code, WireModel model)
    {
        string names = string.Join(", ", model.Cases.Select(c => CodeWriter.Quote(c.Tag)));
        code.Line($"public static global::Toolstack.Idl.XenEnum Info {{ get; }} = new({CodeWriter.Quote(model.Name)}, global::System.Collections.Immutable.ImmutableArray.Create<string>({names}));");
        code.Line();
        code.Line($"public static string Text({model.CSharp} value) => value switch");
        code.Open();
        foreach (CaseModel value in model.Cases)
        {
            code.Line($"{value.CSharp} => {CodeWriter.Quote(value.Tag)},");
        }

        code.Line("_ => throw new global::System.ArgumentOutOfRangeException(nameof(value)),");
        code.Close("};");
        code.Line();
        code.Line("/// <summary>The value of a name in whatever case.</summary>");
        code.Line($"public static {model.CSharp} Parse(string text) => text switch");
        code.Open();
        foreach (CaseModel value in model.Cases)
        {
            code.Line($"{CodeWriter.Quote(value.Tag)} => {value.CSharp},");
        }

        code.Line("_ => ParseLowerCase(text),");
        code.Close("};");
        code.Line();
        code.Line($"public static void Write({Writer} writer, {model.CSharp} value) => writer.String(Text(value));");
        code.Line();
        code.Line($"public static {model.CSharp} Read({Value} value) => Parse(value.AsString());");
        code.Line();
        code.Line($"private static {model.CSharp} ParseLowerCase(string text) => text.ToLowerInvariant() switch");
        code.Open();
        HashSet<string> seen = [];
        foreach (CaseModel value in model.Cases.Where(c => seen.Add(c.Tag.ToLowerInvariant())))
        {
            code.Line($"{CodeWriter.Quote(value.Tag.ToLowerInvariant())} => {value.CSharp},");
        }

        code.Line($"_ => throw new global::Toolstack.Idl.ValueFormatException($\"\\\"{{text}}\\\" is no {model.Name}\"),");
        code.Close("};");
    }

    private static void EmitRecord(CodeWriter code, WireModel model)
    {
        List<MemberModel> positional = [.. model.Members.Where(m => m.Kind == MemberKind.Positional)];
        List<MemberModel> properties = [.. model.Members.Where(m => m.Kind == MemberKind.Property)];
        if (properties.Any(p => p.Default is not null))
        {
            string arguments = string.Join(", ", positional.Select(_ => "default!"));
            string required = string.Join(", ", properties.Where(p => p.IsRequired).Select(p => $"@{p.Name} = default!"));
            code.Line($"private static readonly {model.CSharp} Defaults = new {model.CSharp}({arguments}){(required.Length == 0 ? "" : $" {{ {required} }}")};");
            code.Line();
        }

        code.Open($"public static void Write({Writer} writer, {model.CSharp} value)");
        code.Line($"int count = {model.Members.Count(m => !m.Optional)};");
        foreach (MemberModel member in model.Members.Where(m => m.Optional))
        {
            code.Line($"count += value.@{member.Name} is null ? 0 : 1;");
        }

        code.Line("writer.BeginStruct(count);");
        foreach (MemberModel member in model.Members)
        {
            EmitWriteMember(code, member, "writer", $"value.@{member.Name}");
        }

        code.Line("writer.EndStruct();");
        code.Close();
        code.Line();
        code.Open($"public static {model.CSharp} Read({Value} value)");
        code.Line($"{Value}.Struct record = value.AsStruct();");
        for (int i = 0; i < model.Members.Count; i++)
        {
            if (model.Members[i].Optional || model.Members[i].Default is not null)
            {
                code.Line($"{Value}? __m{i} = {Wire}.Member(record, {CodeWriter.Quote(model.Members[i].WireName)});");
            }
        }

        string construct = string.Join(", ", positional.Select(m => ReadMember(m, IndexOf(model, m), "record")));
        code.Line($"return new {model.CSharp}({construct}){(properties.Count == 0 ? ";" : "")}");
        if (properties.Count > 0)
        {
            code.Open();
            foreach (MemberModel member in properties)
            {
                code.Line($"@{member.Name} = {ReadMember(member, IndexOf(model, member), "record")},");
            }

            code.Close("};");
        }

        code.Close();
    }

    private static int IndexOf(WireModel model, MemberModel member) => model.Members.Items.IndexOf(member);

    /// <summary>Statements that write a member, or nothing for an optional one that is null.</summary>
    public static void EmitWriteMember(CodeWriter code, MemberModel member, string writer, string value)
    {
        if (!member.Optional)
        {
            code.Line($"{writer}.Member({CodeWriter.Quote(member.WireName)});");
            code.Line($"{CodecExpressions.Write(member.Type, writer, value)};");
            return;
        }

        code.Open($"if ({value} is {{ }} __{member.Name})");
        code.Line($"{writer}.Member({CodeWriter.Quote(member.WireName)});");
        code.Line($"{CodecExpressions.Write(member.Type[0], writer, "__" + member.Name)};");
        code.Close();
    }

    /// <summary>The C# that reads a member; <c>__m{index}</c> holds it when it may be missing.</summary>
    public static string ReadMember(MemberModel member, int index, string record)
    {
        if (member.Optional)
        {
            string missing = member.Default is { } given && given != "default" ? given : $"default({member.Type.CSharp})";
            return $"__m{index} is null ? {missing} : {CodecExpressions.Read(member.Type[0], $"__m{index}")}";
        }

        return member.Default is null
            ? CodecExpressions.Read(member.Type, $"{Wire}.Required({record}, {CodeWriter.Quote(member.WireName)})")
            : $"__m{index} is null ? {member.Default} : {CodecExpressions.Read(member.Type, $"__m{index}")}";
    }

    private static void EmitVariant(CodeWriter code, WireModel model)
    {
        code.Open($"public static void Write({Writer} writer, {model.CSharp} value)");
        code.Open("switch (value)");
        foreach (CaseModel variant in model.Cases)
        {
            EmitWriteCase(code, variant);
        }

        code.Line("default:");
        code.Line("    throw new global::System.ArgumentOutOfRangeException(nameof(value));");
        code.Close();
        code.Close();
        code.Line();
        CaseModel? unknown = model.Cases.FirstOrDefault(c => c.Unknown);
        if (unknown is not null)
        {
            EmitReadUnknown(code, model, unknown);
        }

        code.Open(unknown is null ? $"public static {model.CSharp} Read({Value} value)" : $"private static {model.CSharp} ReadKnown({Value} value)");
        code.Line($"(string Tag, {Value}? Argument) variant = {Wire}.Case(value);");
        code.Open("switch (variant.Tag.ToLowerInvariant())");
        foreach (CaseModel variant in model.Cases)
        {
            EmitReadCase(code, variant);
        }

        code.Line("default:");
        code.Line($"    throw new global::Toolstack.Idl.ValueFormatException($\"\\\"{{variant.Tag}}\\\" is no {model.Name}\");");
        code.Close();
        code.Close();
    }

    private static void EmitReadUnknown(CodeWriter code, WireModel model, CaseModel unknown)
    {
        code.Line("/// <summary>Raises nothing: what is not known, or not as it is known here, is the case for that.</summary>");
        code.Open($"public static {model.CSharp} Read({Value} value)");
        code.Open("try");
        code.Line("return ReadKnown(value);");
        code.Close();
        code.Open("catch (global::Toolstack.Idl.ValueFormatException)");
        code.Line($"return new {unknown.CSharp}({Wire}.Text(value));");
        code.Close();
        code.Close();
        code.Line();
    }

    private static void EmitWriteCase(CodeWriter code, CaseModel variant)
    {
        string tag = CodeWriter.Quote(variant.Tag);
        if (variant.Members.Count == 0 || variant.Unknown)
        {
            code.Line($"case {variant.CSharp}:");
            code.Line($"    writer.String({tag});");
            code.Line("    break;");
            return;
        }

        code.Open($"case {variant.CSharp} __case:");
        code.Line("writer.BeginArray(2);");
        code.Line($"writer.String({tag});");
        if (variant.Members.Count > 1)
        {
            code.Line($"writer.BeginArray({variant.Members.Count});");
        }

        foreach (MemberModel member in variant.Members)
        {
            code.Line($"{CodecExpressions.Write(member.Type, "writer", $"__case.@{member.Name}")};");
        }

        if (variant.Members.Count > 1)
        {
            code.Line("writer.EndArray();");
        }

        code.Line("writer.EndArray();");
        code.Line("break;");
        code.Close();
    }

    private static void EmitReadCase(CodeWriter code, CaseModel variant)
    {
        code.Open($"case {CodeWriter.Quote(variant.Tag.ToLowerInvariant())}:");
        switch (variant.Unknown ? 0 : variant.Members.Count)
        {
            case 0 when variant.Unknown:
                code.Line($"return new {variant.CSharp}(\"\");");
                break;
            case 0:
                code.Line($"return new {variant.CSharp}();");
                break;
            case 1:
                code.Line($"return new {variant.CSharp}({CodecExpressions.Read(variant.Members[0].Type, $"{Wire}.Argument(variant)")});");
                break;
            default:
                code.Line($"global::System.Collections.Immutable.ImmutableArray<{Value}> items = {Wire}.Tuple({Wire}.Argument(variant), {variant.Members.Count});");
                code.Line($"return new {variant.CSharp}({string.Join(", ", variant.Members.Select((m, i) => CodecExpressions.Read(m.Type, $"items[{i}]")))});");
                break;
        }

        code.Close();
    }
}

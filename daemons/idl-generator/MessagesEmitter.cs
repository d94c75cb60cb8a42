namespace Toolstack.Idl.Generator;

/// <summary>Emits, for the messages of a class, the table with their decoding, the base class that implements none of them, and the typed client.</summary>
internal static class MessagesEmitter
{
    private const string Array = "global::System.Collections.Immutable.ImmutableArray";
    private const string Value = "global::Toolstack.Idl.Value";

    public static string Emit(MessagesModel model)
    {
        CodeWriter code = CodeWriter.File(model.Space);
        EmitBase(code, model);
        code.Line();
        EmitClient(code, model);
        code.Line();
        EmitTable(code, model);
        return code.ToString();
    }

    private static void EmitBase(CodeWriter code, MessagesModel model)
    {
        code.Line($"/// <summary>The messages of {model.ClassName}, none of them implemented: each raises NOT_IMPLEMENTED until it is overridden.</summary>");
        code.Open($"public abstract class {model.Stem} : {model.Interface}");
        foreach (MessageModel message in model.Messages)
        {
            string parameters = string.Concat(message.Parameters.Select(p => $", {p.Declared} @{p.Name}"));
            code.Line($"public virtual {TaskType(message)} @{message.Name}({model.CallType} __call{parameters}) => throw new global::Toolstack.Idl.XenApiError(\"NOT_IMPLEMENTED\", \"{model.ClassName}.{message.WireName}\");");
        }

        code.Close();
    }

    private static void EmitClient(CodeWriter code, MessagesModel model)
    {
        string name = model.Stem.EndsWith("Messages", StringComparison.Ordinal) ? model.Stem.Substring(0, model.Stem.Length - "Messages".Length) : model.Stem;
        code.Line($"/// <summary>Calls the messages of {model.ClassName} on another server, with one session.</summary>");
        code.Open($"public sealed class {name}Client(global::Toolstack.Idl.IXenApiTransport __transport, string __session)");
        foreach (MessageModel message in model.Messages)
        {
            string result = message.Result is null ? "" : $"<{ClientResult(message.Result)}>";
            string parameters = string.Concat(message.Parameters.Select(p => $"{p.Type.CSharp} @{p.Name}, "));
            code.Open($"public async global::System.Threading.Tasks.Task{result} @{message.Name}({parameters}global::System.Threading.CancellationToken __cancellation)");
            IEnumerable<string> session = message.Session ? [$"new {Value}.Text(__session)"] : [];
            IEnumerable<string> arguments = session.Concat(
                message.Parameters.Select(p => $"global::Toolstack.Idl.ValueBuilder.Build(__w => {CodecExpressions.Write(p.Type, "__w", "@" + p.Name)})"));
            code.Line($"{Value} __result = await __transport.CallAsync(\"{model.ClassName}.{message.WireName}\", {Array}.Create<{Value}>({string.Join(", ", arguments)}), __cancellation).ConfigureAwait(false);");
            if (message.Result is not null)
            {
                code.Line($"return {CodecExpressions.Read(message.Result, "__result")};");
            }

            code.Close();
            code.Line();
        }

        code.Close();
    }

    private static void EmitTable(CodeWriter code, MessagesModel model)
    {
        code.Open($"internal static class {model.Stem}Table");
        code.Line($"internal static readonly {Array}<global::Toolstack.Idl.XenMessage> Messages = {Array}.Create<global::Toolstack.Idl.XenMessage>({(model.Messages.Count == 0 ? ");" : "")}");
        for (int i = 0; i < model.Messages.Count; i++)
        {
            code.Line($"    Message{i}(){(i == model.Messages.Count - 1 ? ");" : ",")}");
        }

        for (int i = 0; i < model.Messages.Count; i++)
        {
            code.Line();
            EmitMetadata(code, model, model.Messages[i], i);
            code.Line();
            EmitInvoke(code, model, model.Messages[i], i);
        }

        code.Close();
    }

    private static void EmitMetadata(CodeWriter code, MessagesModel model, MessageModel message, int index)
    {
        code.Line($"private static global::Toolstack.Idl.XenMessage Message{index}() => new()");
        code.Open();
        code.Line($"Class = {CodeWriter.Quote(model.ClassName)},");
        code.Line($"Name = {CodeWriter.Quote(message.WireName)},");
        IEnumerable<string> parameters = message.Parameters.Select(p =>
            $"new global::Toolstack.Idl.XenParameter({CodeWriter.Quote(p.WireName)}, {CodeWriter.Quote(p.Text)}{(p.Default is null ? "" : ", " + p.Default)})");
        code.Line($"Parameters = {Array}.Create<global::Toolstack.Idl.XenParameter>({string.Join(", ", parameters)}),");
        code.Line($"Result = {CodeWriter.Quote(message.ResultText)},");
        code.Line($"Role = {message.Role},");
        if (message.Also.Count > 0)
        {
            code.Line($"Also = {Array}.Create({string.Join(", ", message.Also)}),");
        }

        code.Line($"Errors = {Array}.Create<string>({string.Join(", ", message.Errors.Select(CodeWriter.Quote))}),");
        code.Line($"Async = {CodeWriter.Bool(message.Async)},");
        code.Line($"Session = {CodeWriter.Bool(message.Session)},");
        code.Line($"PoolInternal = {CodeWriter.Bool(message.PoolInternal)},");
        code.Line($"Secret = {CodeWriter.Bool(message.Secret)},");
        if (message.Removed)
        {
            code.Line("Removed = true,");
        }

        code.Line($"Policy = {message.Policy},");
        code.Line($"Invoke = Invoke{index},");
        code.Close("};");
    }

    private static void EmitInvoke(CodeWriter code, MessagesModel model, MessageModel message, int index)
    {
        code.Open($"private static global::System.Threading.Tasks.ValueTask<global::Toolstack.Idl.MessageResult> Invoke{index}(object __target, {model.CallType} __call, {Array}<{Value}> __arguments)");
        if (message.Parameters.Count > 0)
        {
            foreach (ParameterModel parameter in message.Parameters)
            {
                code.Line($"{parameter.Type.CSharp} @{parameter.Name};");
            }

            code.Open("try");
            for (int i = 0; i < message.Parameters.Count; i++)
            {
                code.Line($"@{message.Parameters[i].Name} = {CodecExpressions.Read(message.Parameters[i].Type, $"__arguments[{i}]")};");
            }

            code.Close();
            code.Open("catch (global::Toolstack.Idl.ValueFormatException __problem)");
            code.Line("throw new global::Toolstack.Idl.XenApiError(\"INTERNAL_ERROR\", __problem.Message);");
            code.Close();
            code.Line();
        }

        string call = $"(({model.Interface})__target).@{message.Name}(__call{string.Concat(message.Parameters.Select(p => ", @" + p.Name))})";
        string result = message.Result is null ? call : $"{call}, static (__w, __result) => {CodecExpressions.Write(message.Result, "__w", "__result")}";
        code.Line($"return global::Toolstack.Idl.MessageResult.Of({result});");
        code.Close();
    }

    private static string TaskType(MessageModel message) =>
        "global::System.Threading.Tasks.Task" + (message.Result is null ? "" : $"<{message.Result.CSharp}>");

    private static string ClientResult(TypeModel type) => type.Shape == Shape.Result ? Value : type.CSharp;
}

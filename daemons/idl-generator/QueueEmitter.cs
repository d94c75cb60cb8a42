namespace Toolstack.Idl.Generator;

/// <summary>Emits the client and the server of a queue interface.</summary>
internal static class QueueEmitter
{
    private const string Value = "global::Toolstack.Idl.Value";
    private const string Wire = "global::Toolstack.Idl.Wire";
    private const string Request = "global::Toolstack.Idl.Queue.QueueRequest";
    private const string Token = "global::System.Threading.CancellationToken";
    private const string Bytes = "global::System.ReadOnlyMemory<byte>";

    public static string Emit(QueueModel model)
    {
        CodeWriter code = CodeWriter.File(model.Space);
        EmitClient(code, model);
        code.Line();
        EmitServer(code, model);
        return code.ToString();
    }

    private static void EmitClient(CodeWriter code, QueueModel model)
    {
        code.Line($"/// <summary>Calls <see cref=\"{model.Interface}\"/> over a queue; declared errors come back as the same exception.</summary>");
        code.Open($"public sealed class {model.Stem}Client(global::Toolstack.Idl.IQueueTransport __transport) : {model.Interface}");
        foreach (QueueMethodModel method in model.Methods)
        {
            string result = method.Result is null ? "" : $"<{method.Result.CSharp}>";
            string parameters = string.Concat(method.Parameters.Select((p, i) => $"{method.Declared[i]} @{p.Name}, "));
            code.Open($"public async global::System.Threading.Tasks.Task{result} @{method.Name}({parameters}{Token} __cancellation)");
            code.Line($"int __count = {method.Parameters.Count(p => !p.Optional)};");
            foreach (MemberModel parameter in method.Parameters.Where(p => p.Optional))
            {
                code.Line($"__count += @{parameter.Name} is null ? 0 : 1;");
            }

            code.Open($"{Bytes} __request = {Request}.Write({CodeWriter.Quote(method.WireName)}, __count, __w =>");
            foreach (MemberModel parameter in method.Parameters)
            {
                WireEmitter.EmitWriteMember(code, parameter, "__w", "@" + parameter.Name);
            }

            code.Close("});");
            code.Line($"{Value} __result = Result(await __transport.CallAsync(__request, {CodeWriter.Bool(method.RetrySafe)}, __cancellation).ConfigureAwait(false));");
            if (method.Result is not null)
            {
                code.Line($"return {CodecExpressions.Read(method.Result, "__result")};");
            }

            code.Close();
            code.Line();
        }

        code.Open($"private static {Value} Result({Bytes} reply)");
        code.Line("global::Toolstack.Idl.Queue.QueueReply parsed = global::Toolstack.Idl.Queue.QueueReply.Parse(reply);");
        code.Line($"return parsed.Error is null ? parsed.Result! : throw new {model.Error}({model.ErrorCodec}.Read(parsed.Error));");
        code.Close();
        code.Close();
    }

    private static void EmitServer(CodeWriter code, QueueModel model)
    {
        code.Line($"/// <summary>Serves <see cref=\"{model.Interface}\"/> to requests off a queue. Errors that the interface does not declare are reported and answered as Internal_error.</summary>");
        code.Open($"public sealed class {model.Stem}Server({model.Interface} __implementation, global::System.Action<string, global::System.Exception>? __unexpected = null)");
        code.Open($"public async global::System.Threading.Tasks.ValueTask<{Bytes}> HandleAsync({Bytes} request, {Token} cancellation)");
        code.Line($"{Request} __call;");
        code.Open("try");
        code.Line($"__call = {Request}.Parse(request);");
        code.Close();
        code.Open("catch (global::Toolstack.Idl.WireFormatException __problem)");
        code.Line($"return {Request}.Malformed(request, __problem);");
        code.Close();
        code.Line();
        code.Open("try");
        code.Line("return __call.Success(await DispatchAsync(__call, cancellation).ConfigureAwait(false));");
        code.Close();
        code.Open($"catch ({model.Error} __error)");
        code.Line($"return __call.Failure(__w => {model.ErrorCodec}.Write(__w, __error.@{model.ErrorProperty}));");
        code.Close();
        code.Open("catch (global::Toolstack.Idl.ValueFormatException __problem)");
        code.Line("return __call.InternalError(__problem.Message);");
        code.Close();
        code.Open("catch (global::System.Exception __other) when (__other is not global::System.OperationCanceledException || !cancellation.IsCancellationRequested)");
        code.Line("__unexpected?.Invoke(__call.Method, __other);");
        code.Line("return __call.InternalError(__other.Message);");
        code.Close();
        code.Close();
        code.Line();
        code.Open($"private async global::System.Threading.Tasks.ValueTask<global::System.Action<global::Toolstack.Idl.ValueWriter>> DispatchAsync({Request} __call, {Token} __cancellation)");
        code.Open("switch (__call.Method)");
        for (int i = 0; i < model.Methods.Count; i++)
        {
            code.Line($"case {CodeWriter.Quote(model.Methods[i].WireName)}: return await Handle{i}(__call.Parameters, __cancellation).ConfigureAwait(false);");
        }

        code.Line("default: throw new global::Toolstack.Idl.ValueFormatException($\"Unknown method {__call.Method}\");");
        code.Close();
        code.Close();
        for (int i = 0; i < model.Methods.Count; i++)
        {
            code.Line();
            EmitHandler(code, model.Methods[i], i);
        }

        code.Close();
    }

    private static void EmitHandler(CodeWriter code, QueueMethodModel method, int index)
    {
        code.Open($"private async global::System.Threading.Tasks.ValueTask<global::System.Action<global::Toolstack.Idl.ValueWriter>> Handle{index}({Value}.Struct __record, {Token} __cancellation)");
        for (int i = 0; i < method.Parameters.Count; i++)
        {
            MemberModel parameter = method.Parameters[i];
            if (parameter.Optional || parameter.Default is not null)
            {
                code.Line($"{Value}? __m{i} = {Wire}.Member(__record, {CodeWriter.Quote(parameter.WireName)});");
            }

            code.Line($"{method.Declared[i]} @{parameter.Name} = {WireEmitter.ReadMember(parameter, i, "__record")};");
        }

        string call = $"__implementation.@{method.Name}({string.Concat(method.Parameters.Select(p => $"@{p.Name}, "))}__cancellation).ConfigureAwait(false)";
        if (method.Result is null)
        {
            code.Line($"await {call};");
            code.Line("return static __w => __w.Null();");
        }
        else
        {
            code.Line($"{method.Result.CSharp} __result = await {call};");
            code.Line($"return __w => {CodecExpressions.Write(method.Result, "__w", "__result")};");
        }

        code.Close();
    }
}

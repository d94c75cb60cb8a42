using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Cli;

/// <summary>
/// Commands that are one message of XenAPI: the types of its arguments and the way its result is shown come from the datamodel. A binding is
/// <c>parameter=word</c> (required), <c>parameter=word?</c> (optional: the message's default or an empty value) or
/// <c>parameter=word?value</c> (optional with that value).
/// </summary>
internal static class MessageCommand
{
    internal static CliCommand Of(string name, string method, string help, params string[] bindings) => Of(name, method, help, oneHost: false, bindings);

    /// <summary>The same for what a host answers without its pool, and so without a task.</summary>
    internal static CliCommand OfOneHost(string name, string method, string help, params string[] bindings) => Of(name, method, help, oneHost: true, bindings);

    private static CliCommand Of(string name, string method, string help, bool oneHost, string[] bindings)
    {
        var message = Find(method);
        var bound = bindings.Select(Binding.Parse).ToDictionary(binding => binding.Parameter);
        return new CliCommand(
            name,
            [.. bound.Values.Where(binding => binding.Absent is null).Select(binding => binding.Word)],
            [.. bound.Values.Where(binding => binding.Absent is not null).Select(binding => binding.Word)],
            help,
            async (context, cancel) =>
            {
                var arguments = new List<Value>();
                foreach (var parameter in message.Parameters)
                {
                    arguments.Add(await ArgumentAsync(context, message, parameter, bound, cancel));
                }

                await CallAsync(context, oneHost ? message with { Async = false } : message, cancel, [.. arguments]);
            })
        {
            IsOfOneHost = oneHost,
        };
    }

    /// <summary>The same message for each object that the command line selects; <paramref name="rest"/> follows the object.</summary>
    internal static CliCommand OnEach(
        string name, string word, string method, string help, Func<CliArguments, ImmutableArray<Value>>? rest = null, Func<Value.Struct, bool>? belongs = null,
        params string[] options)
    {
        var message = Find(method);
        return new CliCommand(name, [], [word, .. options], help, async (context, cancel) =>
        {
            var arguments = rest?.Invoke(context.Arguments) ?? [];
            foreach (var item in await Selection.ObjectsAsync(context, message.Class, word, belongs ?? (static _ => true), cancel, options))
            {
                await CallAsync(context, message, cancel, arguments.Insert(0, item));
            }
        });
    }

    /// <summary>Calls a message, as a task if it can be one, and prints what it returned.</summary>
    internal static async Task CallAsync(CliContext context, MessageShape message, CancellationToken cancel, params ImmutableArray<Value> arguments)
    {
        var result = message.Async
            ? new Value.Text(Unwrapped(await LongOperation.RunAsync(context, message.FullName, cancel, arguments)))
            : await context.Session.CallAsync(message.FullName, cancel, arguments);
        if (message.Result == "void")
        {
            return;
        }

        var target = RecordView.TargetOf(message.Result);
        var items = target is null ? [] : message.Result.EndsWith(" set", StringComparison.Ordinal) && result is Value.Array set ? set.Items : [result];
        var text = target is null
            ? RecordView.Text(result)
            : string.Join(',', await Task.WhenAll(items.Select(item => context.Names.UuidAsync(target, item, cancel))));
        await context.PrintAsync(text, cancel);
    }

    internal static MessageShape Find(string method)
    {
        var dot = method.IndexOf('.', StringComparison.Ordinal);
        var name = method[(dot + 1)..];
        var xenClass = Datamodel.Find(method[..dot]);
        return xenClass?.Messages.FirstOrDefault(message => message.Name == name) is { } declared
            ? new MessageShape(method, declared.Class, declared.Parameters, declared.Result, declared.Async)
            : xenClass is not null && ImplicitMessages.Find(xenClass, name) is { } derived
                ? new MessageShape(method, xenClass.Name, derived.Parameters, derived.Result, derived.Async)
                : throw new InvalidOperationException($"{method} is no message of the datamodel");
    }

    /// <summary>The text between the <c>value</c> tags that a task's result stands in.</summary>
    private static string Unwrapped(string result)
    {
        const string open = "<value>", close = "</value>";
        return result.StartsWith(open, StringComparison.Ordinal) && result.EndsWith(close, StringComparison.Ordinal)
            ? result[open.Length..^close.Length]
            : result;
    }

    private static async Task<Value> ArgumentAsync(
        CliContext context, MessageShape message, XenParameter parameter, Dictionary<string, Binding> bound, CancellationToken cancel)
    {
        if (!bound.TryGetValue(parameter.Name, out var binding))
        {
            return parameter.Default ?? throw new InvalidOperationException($"{message.FullName}: nothing gives {parameter.Name}");
        }

        if (parameter.Type.EndsWith(" map", StringComparison.Ordinal) && context.Arguments.Map(binding.Word).Any())
        {
            return Typed.Map(context.Arguments.Map(binding.Word));
        }

        var text = binding.Absent is null ? context.Arguments.Required(binding.Word) : context.Arguments.Find(binding.Word);
        return text is null && binding.Absent is "" && parameter.Default is { } standard
            ? standard
            : await Typed.ReadAsync(parameter.Type, binding.Word, text ?? binding.Absent ?? "", context.Names, cancel);
    }

    private sealed record Binding(string Parameter, string Word, string? Absent)
    {
        internal static Binding Parse(string text)
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            var question = text.IndexOf('?', StringComparison.Ordinal);
            return question < 0
                ? new Binding(text[..equals], text[(equals + 1)..], null)
                : new Binding(text[..equals], text[(equals + 1)..question], text[(question + 1)..]);
        }
    }
}

/// <summary>What a command has to know of a message, declared or derived; parameters without the session.</summary>
internal sealed record MessageShape(string FullName, string Class, ImmutableArray<XenParameter> Parameters, string Result, bool Async);

using Toolstack.Idl;

namespace Toolstack.Cli.Commands;

/// <summary>Tasks, events, messages, users and secrets.</summary>
internal static class AdministrationCommands
{
    private const double EventWait = 30;

    /// <summary>The object that a new message is about: how it is given, and the class that the message gets.</summary>
    private static readonly (string Word, string Class)[] About = [("vm-uuid", "VM"), ("host-uuid", "Host"), ("sr-uuid", "SR"), ("pool-uuid", "Pool")];

    internal static IEnumerable<CliCommand> All =>
    [
        MessageCommand.Of("task-cancel", "task.cancel", "Ask a task to stop.", "task=uuid"),
        new("event-wait", ["class"], ["<field>", "<field>=/=<value>"], "Wait until an object of a class has the given values.", WaitAsync),
        new("message-create", ["name", "priority", "body"], [.. About.Select(static about => about.Word)], "Leave a message about a VM, a host, a storage repository or the pool.", CreateMessageAsync),
        MessageCommand.Of("message-destroy", "message.destroy", "Forget a message.", "self=uuid"),
        MessageCommand.Of("user-password-change", "session.change_password", "Change the password of the user who is logged in.", "old_pwd=old?", "new_pwd=new"),
        MessageCommand.Of("subject-remove", "subject.destroy", "Take a subject's right to log in.", "self=subject-uuid"),
        MessageCommand.Of("subject-role-add", "subject.add_to_roles", "Give a subject a role.", "self=uuid", "role=role-name"),
        MessageCommand.Of("subject-role-remove", "subject.remove_from_roles", "Take a role from a subject.", "self=uuid", "role=role-name"),
        new("secret-create", ["value"], [], "Keep a secret.", async (context, cancel) => await MessageCommand.CallAsync(
            context, MessageCommand.Find("secret.create"), cancel,
            [new Value.Struct([new("value", new Value.Text(context.Arguments.Required("value"))), new("other_config", new Value.Struct([]))])])),
        MessageCommand.Of("secret-destroy", "secret.destroy", "Forget a secret.", "self=uuid"),
        MessageCommand.Of("appliance-start", "VM_appliance.start", "Start the VMs of an appliance in their order.", "self=uuid", "paused=paused?false"),
        MessageCommand.Of("appliance-shutdown", "VM_appliance.clean_shutdown", "Shut the VMs of an appliance down in their order.", "self=uuid"),
        MessageCommand.Of("appliance-destroy", "VM_appliance.destroy", "Forget an appliance; its VMs stay.", "self=uuid"),
    ];

    private static async Task CreateMessageAsync(CliContext context, CancellationToken cancel)
    {
        var arguments = context.Arguments;
        var (word, about) = About.FirstOrDefault(one => arguments.Find(one.Word) is not null);
        if (word is null)
        {
            throw new CliUsageError("Required parameter not found: " + string.Join(" or ", About.Select(static one => one.Word)));
        }

        await MessageCommand.CallAsync(context, MessageCommand.Find("message.create"), cancel,
        [
            new Value.Text(arguments.Required("name")), new Value.Text(Typed.Integer("priority", arguments.Required("priority"))), new Value.Text(about),
            new Value.Text(arguments.Required(word)), new Value.Text(arguments.Required("body")),
        ]);
    }

    /// <summary>A value that begins with "/=" is one the field must not have.</summary>
    private static async Task WaitAsync(CliContext context, CancellationToken cancel)
    {
        const string not = "/=";
        var word = context.Arguments.Required("class");
        var kind = DerivedCommands.Kinds.FirstOrDefault(candidate => candidate.Word == word) ?? throw new CliUsageError("Unknown class: " + word);
        var view = RecordView.Of(kind.Class);
        var filters = context.Arguments.Filters("class").ToArray();
        var unwanted = filters.Where(filter => filter.Value.StartsWith(not, StringComparison.Ordinal))
            .Select(filter => (Field: view.Find(filter.Key), Value: filter.Value[not.Length..])).ToArray();
        var wanted = filters.Where(filter => !filter.Value.StartsWith(not, StringComparison.Ordinal)).ToArray();
        Value classes = new Value.Array([new Value.Text(kind.Class.EventName)]);
        var token = Value.Empty;
        while (true)
        {
            // A run of its own: what names looked like before the event does not count.
            var names = new ObjectNames(context.Session);
            foreach (var (_, record) in await Selection.RecordsAsync(context with { Names = names }, view, wanted, kind.Belongs, cancel))
            {
                var excluded = false;
                foreach (var (field, value) in unwanted)
                {
                    excluded |= await field.Show(record, names, cancel) == value;
                }

                if (!excluded)
                {
                    return;
                }
            }

            var batch = (await context.Session.CallAsync("event.from", cancel, classes, token, new Value.Float(EventWait))).AsStruct();
            token = batch.Find("token") ?? Value.Empty;
        }
    }
}

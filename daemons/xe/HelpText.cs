using System.Text;

namespace Toolstack.Xe;

/// <summary>The text of <c>--help</c>, from the commands there are.</summary>
internal static class HelpText
{
    internal static string Write()
    {
        var text = new StringBuilder();
        text.Append("xe - the XenAPI from a shell\n\n");
        text.Append("usage: xe [-s SERVER] [-p PORT] [-u USER] [-pw PASSWORD] COMMAND [name=value ...] [--minimal] [--multiple]\n\n");
        text.Append("Without -s the local host is asked over its Unix socket; SERVER may be the path of one.\n\nCommands:\n");
        foreach (var command in LifeCycle.All)
        {
            text.Append("  ").Append(command.Name.PadRight(14)).Append(command.Usage).Append('\n');
        }

        text.Append("\nFor every class CLASS of:\n  ");
        text.AppendJoin(' ', Commands.Listed.Select(FieldText.Command)).Append('\n');
        text.Append("  CLASS-list [params=a,b|all] [field=value ...]\n");
        text.Append("  CLASS-param-list uuid=\n");
        text.Append("  CLASS-param-get uuid= param-name= [param-key=]\n");
        text.Append("  CLASS-param-set uuid= field=value ...\n");
        text.Append("\nExit status: 0 done, 1 the call failed, 2 wrong usage.\n");
        return text.ToString();
    }
}

namespace Toolstack.EndToEnd.Demo;

/// <summary>Shows the progress of a task: one line drawn over itself on a terminal, a line for every tenth otherwise.</summary>
internal sealed class ProgressLine(string label)
{
    private int shown = -1;

    internal void Show(double fraction)
    {
        var percent = (int)(fraction * 100);
        var step = Console.IsOutputRedirected ? percent / 10 * 10 : percent;
        if (step <= shown)
        {
            return;
        }

        shown = step;
        Console.Write(Console.IsOutputRedirected ? $"{label} {step,3} %\n" : $"\r{label} {step,3} % [{new string('#', step / 4),-25}]");
    }

    internal void End()
    {
        if (shown >= 0 && !Console.IsOutputRedirected)
        {
            Console.WriteLine();
        }
    }
}

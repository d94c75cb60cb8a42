using System.Globalization;
using Toolstack.EndToEnd.Client;

namespace Toolstack.Tests.Xen;

/// <summary>Waiting for what guests and hosts do in their own time.</summary>
internal static class Waiting
{
    public static Task UntilAsync(string what, Func<CancellationToken, Task<bool>> condition, CancellationToken cancel) =>
        UntilAsync(() => what, condition, cancel);

    /// <summary>Tries until it holds. Raises <see cref="ScenarioFailure"/> with what was waited for and the last failure of the condition.</summary>
    public static async Task UntilAsync(Func<string> what, Func<CancellationToken, Task<bool>> condition, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(Limits.Guest);
        string last = "";
        try
        {
            while (true)
            {
                try
                {
                    if (await condition(deadline.Token))
                    {
                        return;
                    }
                }
                catch (Exception error) when (error is XenApiFailure or ScenarioFailure or HttpRequestException
                    || (error is OperationCanceledException && !deadline.IsCancellationRequested))
                {
                    last = error.Message;
                }

                await Task.Delay(Limits.Poll, deadline.Token);
            }
        }
        catch (OperationCanceledException)
        {
            string why = cancel.IsCancellationRequested
                ? "the time is over"
                : string.Create(CultureInfo.InvariantCulture, $"not within {Limits.Guest.TotalSeconds:0} s");
            throw new ScenarioFailure($"{why}: {what()}: {last}");
        }
    }
}

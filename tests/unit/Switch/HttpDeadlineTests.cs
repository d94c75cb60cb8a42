using Toolstack.MessageSwitch.Http;
using Xunit;

namespace Toolstack.Tests.Switch;

/// <summary>The time by which a request must be whole and a response read.</summary>
public sealed class HttpDeadlineTests
{
    [Fact]
    public async Task What_does_not_happen_in_time_is_missed_by_its_name_and_a_second_wait_does_not_move_it()
    {
        var missed = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var deadline = new HttpDeadline(missed.SetResult);
        deadline.Begin(TimeSpan.FromHours(1), "met");
        deadline.Met();
        deadline.Begin(TimeSpan.FromMilliseconds(20), "first");
        deadline.Begin(TimeSpan.FromMilliseconds(1), "second");
        Assert.Equal("first", await missed.Task.WaitAsync(TimeSpan.FromSeconds(60)));
    }
}

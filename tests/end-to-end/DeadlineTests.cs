namespace Toolstack.Tests.EndToEnd;

/// <summary>What the test classes share: a deadline for each test, so that a hang is a failure with a name.</summary>
public abstract class DeadlineTests : IDisposable
{
    private readonly CancellationTokenSource deadline = new(PoolFixture.TestDeadline);

    protected CancellationToken Cancel => deadline.Token;

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing) => deadline.Dispose();
}

using Toolstack.Interop.Linux;

namespace Toolstack.Xapi.Sessions;

/// <summary>Local accounts by PAM. Its modules block, some of them for seconds, so each question has a thread of its own; callers bound how
/// many there are.</summary>
/// <param name="service">The name of the file that says what PAM does for us.</param>
/// <param name="directory">Where that file is; null: where the system has them.</param>
internal sealed class PamAccounts(string service, string? directory = null) : ILocalAccounts
{
    private const string NoLibrary = "this system has no PAM; configure password-file";

    private readonly Lazy<PluggableAuthentication?> pam = new(() => PluggableAuthentication.Open(service, directory));

    public Task<string?> VerifyAsync(string user, string password, CancellationToken cancel) =>
        OnThread(() => pam.Value is { } library ? library.Verify(user, password) : NoLibrary, cancel);

    public Task<string?> ChangeAsync(string user, string password, CancellationToken cancel) =>
        OnThread(() => pam.Value is { } library ? library.Change(user, password) : NoLibrary, cancel);

    private static Task<string?> OnThread(Func<string?> ask, CancellationToken cancel) =>
        Task.Factory.StartNew(ask, cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}

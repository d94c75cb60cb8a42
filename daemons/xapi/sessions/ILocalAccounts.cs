namespace Toolstack.Xapi.Sessions;

/// <summary>Who knows the passwords of local accounts: PAM, or a file.</summary>
internal interface ILocalAccounts
{
    /// <summary>Null when the password is the user's; otherwise why not. Takes a thread's time, not a caller's.</summary>
    Task<string?> VerifyAsync(string user, string password, CancellationToken cancel);

    /// <summary>Null when the user has the new password now; otherwise why not.</summary>
    Task<string?> ChangeAsync(string user, string password, CancellationToken cancel);
}

using Toolstack.Interop.Linux;
using Xunit;

namespace Toolstack.Tests.Interop;

/// <summary>Against the system's PAM with service files of our own, whose modules need no account.</summary>
public sealed class PluggableAuthenticationTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("pam-").FullName;

    [Fact]
    public void ModulesDecide()
    {
        Service("open", "auth required pam_permit.so", "account required pam_permit.so");
        Service("closed", "auth required pam_deny.so", "account required pam_permit.so");
        Service("expired", "auth required pam_permit.so", "account required pam_deny.so");
        Assert.Null(Open("open").Verify("root", "any"));
        Assert.Equal("Authentication failure", Open("closed").Verify("root", "any"));
        Assert.NotNull(Open("expired").Verify("root", "any"));
    }

    [Fact]
    public void ThePasswordAnswersTheModulesQuestion()
    {
        string script = Path.Combine(directory, "ask");
        File.WriteAllText(script, "#!/bin/sh\n[ \"$(tr -d '\\000')\" = 'p\u00e4ss word' ]\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Service("asking", $"auth required pam_exec.so quiet expose_authtok {script}", "account required pam_permit.so");
        Assert.Null(Open("asking").Verify("root", "p\u00e4ss word"));
        Assert.NotNull(Open("asking").Verify("root", "other"));
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private PluggableAuthentication Open(string service)
    {
        PluggableAuthentication? pam = PluggableAuthentication.Open(service, directory);
        Assert.SkipWhen(pam is null, "this system has no PAM");
        return pam!;
    }

    private void Service(string name, params string[] lines) => File.WriteAllLines(Path.Combine(directory, name), lines);
}

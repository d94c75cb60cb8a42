namespace Toolstack.Xenopsd.Operations;

/// <summary>Names of the hook scripts' directories and the reasons they are told (xenops protocol).</summary>
public static class Hooks
{
    public const string PreDestroy = "vm-pre-shutdown";
    public const string PreMigrate = "vm-pre-migrate";
    public const string PostMigrate = "vm-post-migrate";
    public const string PreSuspend = "vm-pre-suspend";
    public const string PreResume = "vm-pre-resume";
    public const string PostResume = "vm-post-resume";
    public const string PreStart = "vm-pre-start";
    public const string PreReboot = "vm-pre-reboot";
    public const string PostDestroy = "vm-post-destroy";

    public const string CleanShutdown = "clean-shutdown";
    public const string HardShutdown = "hard-shutdown";
    public const string CleanReboot = "clean-reboot";
    public const string HardReboot = "hard-reboot";
    public const string Suspend = "suspend";
    public const string Source = "source";
    public const string Destination = "destination";
    public const string NoReason = "none";
}

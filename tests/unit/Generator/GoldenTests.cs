using Xunit;

namespace Toolstack.Tests.Generator;

public class GoldenTests
{
    private const string Usings = """
        using System;
        using System.Collections.Immutable;
        using System.Threading;
        using System.Threading.Tasks;
        using Toolstack.Idl;
        namespace Sample;

        """;

    [Fact]
    public void Row() => Check("row", """
        [WireType] public enum power { Halted, [WireName("very-high")] High }
        public sealed class SR;
        [XenClass("VM", Constructor = true, ConstructorRole = Role.VmAdmin)]
        public sealed partial record VM : XenObject
        {
            [Field(Qualifier.DynamicRO)] public string uuid { get; init; } = "";
            [Field(Qualifier.RW, Column = "name__label", Writer = Role.VmAdmin)] public string name_label { get; init; } = "";
            [Field(Qualifier.DynamicRO, HasDefault = true)] public power power_state { get; init; }
            [Field(Qualifier.DynamicRO, Persistent = false)] public ImmutableSortedDictionary<string, power> current_operations { get; init; } = ImmutableSortedDictionary<string, power>.Empty;
            [Field(Qualifier.DynamicRO, Inverse = "host.resident_VMs")] public Ref<host> resident_on { get; init; } = Ref<host>.Null;
            [Field(Qualifier.RW, AlsoWriters = [Role.ClientCert])] public ImmutableArray<Ref<SR>> groups { get; init; } = [];
            [Field(Qualifier.RW)] public ImmutableSortedDictionary<power, long> levels { get; init; } = ImmutableSortedDictionary<power, long>.Empty;
            [Field(Qualifier.StaticRO), TypeText("<class> record")] public Value snapshot { get; init; } = Value.Nil.Instance;
        }
        [XenClass("host", Events = false, InDatabase = false)]
        public sealed partial record host : XenObject
        {
            [Field(Qualifier.DynamicRO)] public ImmutableArray<Ref<VM>> resident_VMs { get; init; } = [];
            [Field(Qualifier.DynamicRO)] public bool enabled { get; init; }
            [Field(Qualifier.DynamicRO)] public double load { get; init; }
            [Field(Qualifier.DynamicRO)] public DateTimeOffset seen { get; init; }
        }
        """);

    [Fact]
    public void Messages() => Check("messages", """
        [WireType] public enum mode { fast, slow }
        [XenClass("VM")] public sealed partial record VM : XenObject;
        public sealed class host;
        [MessagesOf(typeof(VM))]
        public interface IVMMessages
        {
            [Message(Role.VmOperator, Async = true), RunsOn(Where.ResidentHost), Locks("hard_shutdown", Cancels = ["pause", "suspend"]), Raises("VM_BAD_POWER_STATE")]
            Task hard_shutdown(Call call, Ref<VM> vm);
            [Message(Role.VmPowerAdmin, Async = true, Also = [Role.ClientCert]), RunsOn(Where.ResidentHost), Locks("pool_migrate", "vm"), Reserves("host", "vm_migrate")]
            Task pool_migrate(Call call, Ref<VM> vm, [WireName("host")] Ref<host> target, ImmutableSortedDictionary<string, string> options);
            [Message(Role.ReadOnly, Session = false, Secret = true)]
            Task<string> login(Call call, string uname, string version = "1.1", mode @class = mode.slow, long retries = 3, ImmutableSortedDictionary<string, string>? config = null, ImmutableArray<string> tags = default);
            [Message(Role.LocalRoot, PoolInternal = true), TypeText("an event batch")]
            Task<MessageResult> from(Call call, double timeout);
            [Message(Role.VmAdmin)]
            Task<Ref<VM>> create(Call call, VM args);
        }
        """);

    [Fact]
    public void Queue() => Check("queue", """
        [WireVariant] public abstract record Kind { public sealed record Missing(string What) : Kind; }
        public sealed class SampleError(Kind kind) : Exception { public Kind Kind { get; } = kind; }
        [QueueInterface("sample", Error = typeof(SampleError))]
        public interface ISample
        {
            [WireName("VM.start")] Task<string> Start(string debug_info, string? id, bool paused, CancellationToken cancel);
            [RetrySafe] Task query(CancellationToken cancel);
        }
        """);

    [Fact]
    public void WireTypes() => Check("wire-types", """
        [WireType] public enum Mode { Fast, [WireName("very-slow")] Slow }
        [WireVariant] public abstract record Disk
        {
            public sealed record Local(string Path) : Disk;
            [WireName("Both")] public sealed record Two(long A, Mode? B) : Disk;
            public sealed record Empty : Disk;
        }
        public static class Outer { [WireType] public sealed record Inner(int domain, [property: WireName("b-u-s")] int bus = 7); }
        [WireType] public sealed record Machine
        {
            public required string id { get; init; }
            public string name { get; init; } = "unnamed";
            public Outer.Inner? address { get; init; }
            public (long, double?) pair { get; init; }
            public ImmutableArray<Disk> disks { get; init; } = [];
            public ImmutableSortedDictionary<long, ImmutableArray<string>> table { get; init; } = ImmutableSortedDictionary<long, ImmutableArray<string>>.Empty;
        }
        """);

    private static void Check(string name, string source)
    {
        GeneratorRun run = new(Usings + source);
        Assert.Empty(run.Problems);
        Assert.Empty(run.Errors);
        Golden.Check(name, run);
    }

    [Theory]
    [InlineData("XAPI1001", "[WireType] public sealed record T(System.Uri x);")]
    [InlineData("XAPI1002", "[XenClass(\"T\")] public partial record T : XenObject;")]
    [InlineData("XAPI1003", "public enum E { a } [WireType] public sealed record T(E x);")]
    [InlineData("XAPI1004", "[XenClass(\"T\")] public sealed partial record T : XenObject; [MessagesOf(typeof(T))] public interface ITMessages { [Message(Role.ReadOnly)] Task x(string y); }")]
    [InlineData("XAPI1005", "[XenClass(\"T\")] public sealed partial record T : XenObject; [MessagesOf(typeof(T))] public interface ITMessages { [Message(Role.ReadOnly), Locks(\"op\", \"z\")] Task x(Call call, string y); }")]
    [InlineData("XAPI1006", "public sealed class T; [MessagesOf(typeof(T))] public interface ITMessages;")]
    [InlineData("XAPI1007", "[QueueInterface(\"t\")] public interface IT;")]
    [InlineData("XAPI1008", "[QueueInterface(\"t\")] public interface IT { Task x(string y); }")]
    [InlineData("XAPI1009", "[WireVariant] public abstract record T { public record A : T; }")]
    [InlineData("XAPI1010", "[XenClass(\"T\")] public sealed partial record T : XenObject { [Field(Qualifier.RW, Inverse = \"T.many\")] public Ref<T> one { get; init; } }")]
    [InlineData("XAPI1011", "[WireType] public abstract record T(string x);")]
    public void Refuses(string id, string source) => Assert.Contains(new GeneratorRun(Usings + source).Problems, p => p.Id == id);
}

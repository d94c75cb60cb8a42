using System.Buffers;
using System.Reflection;
using System.Text;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Idl.MessagePack;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>The closed set of xenopsd's errors in both encodings, and what is made of errors that are not in it.</summary>
public sealed class ErrorValueTests
{
    private static readonly XenopsErrorValue[] All =
    [
        new XenopsErrorValue.Already_exists("VM", "v"), new XenopsErrorValue.Does_not_exist("domain", "v"), new XenopsErrorValue.Unimplemented("w"),
        new XenopsErrorValue.Domain_not_built(), new XenopsErrorValue.Invalid_vcpus(3),
        new XenopsErrorValue.Bad_power_state(PowerState.Halted, PowerState.Running), new XenopsErrorValue.Failed_to_acknowledge_shutdown_request(),
        new XenopsErrorValue.Failed_to_acknowledge_suspend_request(), new XenopsErrorValue.Failed_to_shutdown("v", 1.5),
        new XenopsErrorValue.Failed_to_suspend("v", 2), new XenopsErrorValue.Device_is_connected(), new XenopsErrorValue.Device_not_connected(),
        new XenopsErrorValue.Device_detach_rejected("VBD", "v.xvda", "busy"), new XenopsErrorValue.Media_not_ejectable(), new XenopsErrorValue.Media_present(),
        new XenopsErrorValue.Media_not_present(), new XenopsErrorValue.No_bootable_device(), new XenopsErrorValue.Bootloader_error("v", "no kernel"),
        new XenopsErrorValue.Cannot_free_this_much_memory(2, 1), new XenopsErrorValue.Vms_failed_to_cooperate(["v", "w"]), new XenopsErrorValue.IO_error(),
        new XenopsErrorValue.Failed_to_contact_remote_service("u"), new XenopsErrorValue.Hook_failed("s", "r", "o", "3"),
        new XenopsErrorValue.Not_enough_memory(4096), new XenopsErrorValue.Cancelled("7"), new XenopsErrorValue.Storage_backend_error("SR", ["a"]),
        new XenopsErrorValue.PCIBack_not_loaded(), new XenopsErrorValue.Failed_to_run_script("r"), new XenopsErrorValue.Failed_to_start_emulator("v", "e", "m"),
        new XenopsErrorValue.Ballooning_timeout_before_migration(), new XenopsErrorValue.Internal_error("i"), new XenopsErrorValue.Unknown_error(),
    ];

    public static TheoryData<bool> Encodings { get; } = [true, false];

    [Fact]
    public void TheListIsTheWholeSet() => Assert.Equal(
        typeof(XenopsErrorValue).GetNestedTypes(BindingFlags.Public).Select(static t => t.Name).Order(), All.Select(static e => e.GetType().Name).Order());

    [Theory]
    [MemberData(nameof(Encodings))]
    public void EveryErrorComesBackAsItWent(bool json)
    {
        foreach (var error in All)
        {
            var read = XenopsErrorValueCodec.Read(Through(json, w => XenopsErrorValueCodec.Write(w, error)));
            Assert.Equal(error.GetType(), read.GetType());
            Assert.Equal(Text(error), Text(read));
            Assert.Contains(error.GetType().Name, Text(error), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("\"Power_cut\"")]
    [InlineData("[\"Power_cut\",[\"v\",{\"since\":3}]]")]
    [InlineData("[\"Power_cut\",1,2]")]
    [InlineData("[\"Bad_power_state\",[\"Hibernating\",\"Running\"]]")]
    [InlineData("[\"Internal_error\"]")]
    [InlineData("[]")]
    [InlineData("{\"a\":1}")]
    [InlineData("null")]
    public void WhatIsNotKnownIsAnUnknownErrorWithItsText(string came)
    {
        foreach (bool json in (bool[])[true, false])
        {
            var value = Through(json, w => w.Dynamic(JsonValueReader.Parse(Encoding.UTF8.GetBytes(came))));
            var unknown = Assert.IsType<XenopsErrorValue.Unknown_error>(XenopsErrorValueCodec.Read(value));
            Assert.Equal(came, unknown.text);
            Assert.Equal("\"Unknown_error\"", Text(unknown));
        }
    }

    [Fact]
    public void AnEndlessUnknownErrorIsCut()
    {
        var value = Through(json: false, static w => w.String(new string('x', 100_000)));
        Assert.Equal(1024, Assert.IsType<XenopsErrorValue.Unknown_error>(XenopsErrorValueCodec.Read(value)).text.Length);
    }

    /// <summary>The task that failed there fails here, as what it is.</summary>
    [Fact]
    public void ATaskThatFailedInAnUnknownWayIsStillOneThatFailed()
    {
        var value = JsonValueReader.Parse("[\"Failed\",[\"Power_cut\",\"v\"]]"u8.ToArray());
        var failed = Assert.IsType<TaskState.Failed>(TaskStateCodec.Read(value));
        Assert.Equal("[\"Power_cut\",\"v\"]", Assert.IsType<XenopsErrorValue.Unknown_error>(failed.error).text);
    }

    private static string Text(XenopsErrorValue error) => JsonValueWriter.Text(w => XenopsErrorValueCodec.Write(w, error));

    private static Value Through(bool json, Action<ValueWriter> write)
    {
        if (json)
        {
            return JsonValueReader.Parse(Encoding.UTF8.GetBytes(JsonValueWriter.Text(write)));
        }

        ArrayBufferWriter<byte> bytes = new();
        write(new MessagePackValueWriter(bytes));
        return MessagePackValueReader.Parse(bytes.WrittenMemory);
    }
}

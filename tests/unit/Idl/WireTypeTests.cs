using System.Buffers;
using System.Text;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Xunit;

namespace Toolstack.Tests.Idl;

public class WireTypeTests
{
    [Theory]
    [InlineData("""{"id":"v","name":"unnamed","mode":"very-slow","disks":[],"data":{},"address":{"domain":1,"bus":2}}""")]
    [InlineData("""{"id":"v","name":"n","mode":"Fast","rate":30.0,"serial":"s","qos":[3,[4]],"disks":[["Local","/a"],["Number",[1,"Fast"]],["Maybe",["x"]],["Maybe",[]],"Empty"],"data":{"a":"b"},"address":{"domain":0,"bus":7}}""")]
    [InlineData("""{"id":"v","name":"n","mode":"Fast","qos":[3,[]],"disks":[],"data":{},"address":{"domain":0,"bus":7}}""")]
    public void Records_have_their_json_shape(string json) => Assert.Equal(json, Json(w => MachineCodec.Write(w, Read(json))));

    [Fact]
    public void Missing_members_take_their_defaults_and_unknown_ones_are_ignored()
    {
        Machine machine = Read("""{"ID":"v","address":{"domain":5},"new":{}, "rate":null}""");
        Assert.Equal("v", machine.id);
        Assert.Equal("unnamed", machine.name);
        Assert.Equal(Mode.Slow, machine.mode);
        Assert.Null(machine.rate);
        Assert.Equal(new Address(5, 7), machine.address);
        Assert.Empty(machine.disks);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"id":"v","mode":"none"}""")]
    [InlineData("""{"id":"v","disks":[["Tape","x"]]}""")]
    [InlineData("""{"id":"v","disks":[["Number",[1]]]}""")]
    [InlineData("""{"id":"v","disks":["Local"]}""")]
    [InlineData("""{"id":"v","address":{"domain":4294967296}}""")]
    [InlineData("""{"id":"v","qos":[1]}""")]
    [InlineData("[]")]
    public void What_is_not_of_the_type_is_named(string json) => Assert.Throws<ValueFormatException>(() => Read(json));

    [Fact]
    public void Tags_are_matched_in_any_case()
    {
        Assert.Equal(Mode.Slow, ModeCodec.Parse("VERY-SLOW"));
        Assert.Equal(new Disk.Empty(), DiskCodec.Read(new Value.Text("empty")));
    }

    private static Machine Read(string json) => MachineCodec.Read(JsonValueReader.Parse(Encoding.UTF8.GetBytes(json)));

    private static string Json(Action<ValueWriter> write)
    {
        ArrayBufferWriter<byte> output = new();
        JsonValueWriter.Write(output, write);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}

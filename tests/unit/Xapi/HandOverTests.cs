using System.Text;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Xapi.Http;
using Xunit;

namespace Toolstack.Tests.Xapi;

public class HandOverTests
{
    [Theory]
    [InlineData("P", "Undecided")]
    [InlineData("PUT /services/xeno", "Undecided")]
    [InlineData("PUT /services/xenops/", "HandOver")]
    [InlineData("PUT /services/xenops/migrate/vm/x HTTP/1.1", "HandOver")]
    [InlineData("PUT /import", "Http")]
    [InlineData("POST / HTTP/1.1", "Http")]
    [InlineData("\u0016\u0003\u0001", "Http")]
    public void FirstBytesDecide(string bytes, string judgement) =>
        Assert.Equal(judgement, FirstBytesExtensions.Judge(Encoding.Latin1.GetBytes(bytes)).ToString());

    [Fact]
    public void RecordCarriesTheHead()
    {
        HandOverRequest request = Parse(
            "PUT /services/xenops/migrate/vm/u%201?session_id=OpaqueRef:s&a=b HTTP/1.1\r\nCookie: final_id=f; memory_limit=12\r\nTraceParent: 00-1\r\n\r\n")!;
        Assert.Equal("OpaqueRef:s", request.SessionId);
        var record = (Value.Struct)JsonValueReader.Parse(request.ToJson().Span);
        Assert.Equal("/services/xenops/migrate/vm/u 1", record.Find("path")!.AsString());
        Assert.Equal("b", record.Find("query")!.AsStruct().Find("a")!.AsString());
        Assert.Equal("12", record.Find("cookie")!.AsStruct().Find("memory_limit")!.AsString());
        Assert.Equal("00-1", record.Find("additional_headers")!.AsStruct().Find("traceparent")!.AsString());
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("PUT /x\r\n\r\n")]
    [InlineData("PUT /x HTTP/1.1\r\nno colon\r\n\r\n")]
    [InlineData("\r\n\r\n")]
    public void OtherHeadsAreRefused(string head) => Assert.Null(Parse(head));

    [Fact]
    public void HeadEndsAtItsBlankLine()
    {
        Assert.Equal(-1, HandOverRequest.HeadLength("PUT / HTTP/1.1\r\n"u8));
        Assert.Equal(18, HandOverRequest.HeadLength("PUT / HTTP/1.1\r\n\r\nXenSaved"u8));
    }

    private static HandOverRequest? Parse(string head) => HandOverRequest.Parse(Encoding.ASCII.GetBytes(head));
}

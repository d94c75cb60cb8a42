using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

public sealed class HandshakeTests
{
    [Theory]
    [InlineData("[\"Not_enough_memory\",4096]")]
    [InlineData("[\"Does_not_exist\",[\"VM\",\"x\"]]")]
    [InlineData("\"IO_error\"")]
    public void AnErrorIsTheJsonOfItsValueBehindItsLength(string json)
    {
        byte[] expected = [0, (byte)json.Length, .. System.Text.Encoding.UTF8.GetBytes(json)];
        Assert.Equal(expected, Handshake.EncodeError(Handshake.DecodeError(expected.AsSpan(2)).Value));
    }

    [Fact]
    public void WordsAreAnInternalError() =>
        Assert.Equal(new XenopsErrorValue.Internal_error("no such luck"), Handshake.DecodeError("no such luck"u8).Value);

    [Fact]
    public void ALongTextIsCutToWhatTheLengthCanSay()
    {
        byte[] message = Handshake.EncodeError(new XenopsErrorValue.Internal_error(new string('x', 100_000)));
        Assert.Equal(2 + 65535, message.Length);
        Assert.Equal([0xff, 0xff], message.AsSpan(0, 2).ToArray());
    }

    [Fact]
    public async Task AnEarlyEndAndAnHttpAnswerAreNoHandshake()
    {
        await Assert.ThrowsAsync<IOException>(() => ReadAsync([]));
        await Assert.ThrowsAsync<IOException>(() => ReadAsync([0, 9, (byte)'x']));
        var refused = await Assert.ThrowsAsync<XenopsError>(() => ReadAsync("HTTP/1.1 401 Unauthorised\r\n\r\n"u8.ToArray()));
        Assert.Equal(new XenopsErrorValue.Failed_to_contact_remote_service("HTTP/1.1 401 Unauthorised"), refused.Value);
        await ReadAsync([0, 0]);
    }

    [Fact]
    public void TemporaryIdsReplaceTheLastTwelveDigits()
    {
        const string Id = "11111111-2222-3333-4444-555555555555";
        Assert.Equal("11111111-2222-3333-4444-000000000000", MigrationIds.Source(Id));
        Assert.Equal("11111111-2222-3333-4444-000000000001", MigrationIds.Destination(Id));
        Assert.True(MigrationIds.IsTemporary(MigrationIds.Destination(Id)));
        Assert.False(MigrationIds.IsTemporary(Id));
    }

    [Fact]
    public void ARequestCarriesQueryAndCookies()
    {
        string head = System.Text.Encoding.ASCII.GetString(PutRequest.Head(
            new Uri("http://h:8080/services/xenops?session_id=OpaqueRef:s"), "vm", "id", [new("final_id", "f"), new("dbg", "a; b")]));
        Assert.StartsWith("PUT /services/xenops/migrate/vm/id?session_id=OpaqueRef:s HTTP/1.1\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nCookie: final_id=f; dbg=a%3B%20b\r\n", head, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", head, StringComparison.Ordinal);
    }

    [Fact]
    public void AHandOverRecordNamesItsTarget()
    {
        var record = HandOverRecord.Parse("{\"path\":\"/services/xenops/migrate/mem/x\",\"cookie\":[[\"final_id\",\"f\"]]}"u8);
        Assert.Equal(("mem", "x"), record.Target);
        Assert.Equal("f", record.Cookies["final_id"]);
        Assert.Null(HandOverRecord.Parse("{\"path\":\"/elsewhere/vm/x\"}"u8).Target);
    }

    private static async Task ReadAsync(byte[] bytes)
    {
        using var sent = new MemoryStream(bytes);
        await Handshake.ExpectSuccessAsync(sent, "point 1", TimeSpan.FromSeconds(30), CancellationToken.None);
    }
}

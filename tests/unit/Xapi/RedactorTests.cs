using Toolstack.Xapi.Bugtool;
using Xunit;

namespace Toolstack.Tests.Xapi;

/// <summary>What must not leave a host in a report, in the forms in which it stands there.</summary>
public sealed class RedactorTests
{
    private readonly Redactor redactor = new();

    [Theory]
    [InlineData("<table name=\"secret\"><row ref=\"OpaqueRef:1\" uuid=\"u\" value=\"HIDDEN1\"/><row ref=\"OpaqueRef:2\" value=\"HIDDEN2\"/></table>")]
    [InlineData("<row device_config=\"(('username' 'me') ('cifspassword' 'HIDDEN'))\"/>")]
    [InlineData("<row other_config=\"(('admin_password'%.'HIDDEN')%.('x'%.'y'))\"/>")]
    [InlineData("<row other_config=\"(('my_Secret_key' 'HIDDEN\\' HIDDEN'))\"/>")]
    [InlineData("<row xenstore_data=\"(('vm-data/userdata' 'HIDDEN'))\" name_label=\"x\"/>")]
    [InlineData("<row NVRAM=\"(('EFI-variables' 'HIDDEN'))\"/>")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nHIDDEN\n-----END RSA PRIVATE KEY-----")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nHIDDEN and cut")]
    [InlineData("root:$6$saltsalt$HIDDENHIDDENHIDDENHIDDEN")]
    [InlineData("root:pbkdf2-sha256:600000:aGVsbG8=:HIDDENxx=")]
    [InlineData("password = HIDDEN")]
    [InlineData("{\"token\": \"HIDDEN\"}")]
    [InlineData("Cookie: pool_secret=HIDDEN; x=1")]
    public void SecretsAreKnownByTheirNameOrForm(string text)
    {
        var clean = redactor.Clean(text);
        Assert.DoesNotContain("HIDDEN", clean, StringComparison.Ordinal);
        Assert.Contains(Redactor.LeftOut, clean, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pool-secret-file = /etc/xensource/ptoken  # default")]
    [InlineData("<row repository_proxy_password=\"OpaqueRef:NULL\" name_label=\"a host\"/>")]
    [InlineData("xapi_calls_total{message=\"secret.create\"} 3")]
    [InlineData("<row other_config=\"(('folder' '/key'))\"/>")]
    public void WhatOnlyTellsWhereASecretIsStays(string text) => Assert.Equal(text, redactor.Clean(text));

    [Fact]
    public void AValueFoundInOnePlaceIsTakenOutOfEveryOther()
    {
        redactor.Learn("<table name=\"secret\"><row value=\"a&amp;b-cdef\"/></table><row x=\"(('password'%.'open%.sesame'))\"/>");
        redactor.Add("  the pool's secret\n");
        Assert.Equal(
            $"he said {Redactor.LeftOut}, {Redactor.LeftOut} and {Redactor.LeftOut}", redactor.Clean("he said open sesame, the pool's secret and a&b-cdef"));
    }

    [Fact]
    public void AValueTooShortToBeToldFromWordsTakesNoWordsWithIt()
    {
        redactor.Add("xapi");
        Assert.Equal("xapi runs", redactor.Clean("xapi runs"));
    }
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Toolstack.Xapi.Sessions;

/// <summary>A password as the password file keeps it: <c>pbkdf2-sha256:&lt;iterations&gt;:&lt;salt&gt;:&lt;hash&gt;</c>, the last two in base64.</summary>
internal sealed record PasswordHash(int Iterations, byte[] Salt, byte[] Hash)
{
    private const string Scheme = "pbkdf2-sha256";
    private const int NewIterations = 100_000;
    private const int MaxIterations = 10_000_000;
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    internal static PasswordHash Create(string password)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return new PasswordHash(NewIterations, salt, Derive(password, salt, NewIterations));
    }

    /// <summary>One that no password matches and that takes as long to try: for users who do not exist.</summary>
    internal static PasswordHash Unmatchable { get; } = new(NewIterations, new byte[SaltBytes], new byte[HashBytes]);

    /// <summary>Takes some tens of milliseconds of processor time; compares in constant time.</summary>
    internal bool Matches(string password) => CryptographicOperations.FixedTimeEquals(Derive(password, Salt, Iterations), Hash);

    /// <summary>Null when it is not of this form.</summary>
    internal static PasswordHash? Parse(string text)
    {
        string[] parts = text.Split(':');
        if (parts is not [Scheme, { } count, { } salt, { } hash]
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int iterations)
            || iterations is < 1 or > MaxIterations)
        {
            return null;
        }

        byte[] saltBytes = new byte[64];
        byte[] hashBytes = new byte[64];
        return Convert.TryFromBase64String(salt, saltBytes, out int saltLength) && Convert.TryFromBase64String(hash, hashBytes, out int hashLength)
            && hashLength == HashBytes
            ? new PasswordHash(iterations, saltBytes[..saltLength], hashBytes[..hashLength])
            : null;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Scheme}:{Iterations}:{Convert.ToBase64String(Salt)}:{Convert.ToBase64String(Hash)}");

    private static byte[] Derive(string password, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, iterations, HashAlgorithmName.SHA256, HashBytes);
}

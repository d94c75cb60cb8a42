using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>What a domain may do with a node.</summary>
[Flags]
public enum XenstoreAccess
{
    None = 0,
    Read = 1,
    Write = 2,
    Both = Read | Write,
}

/// <summary>
/// Who may use a node. The owner and domain 0 always may; <see cref="Entries"/> name domains; everybody else has
/// <see cref="Others"/>. On the wire: <c>n5</c> (owner 5, nobody else), <c>n0 r5</c> (owner 0, 5 may read).
/// </summary>
public sealed record XenstorePermissions(int Owner, XenstoreAccess Others, ImmutableArray<(int Domid, XenstoreAccess Access)> Entries)
{
    /// <summary>Only the owner (and domain 0).</summary>
    public XenstorePermissions(int owner)
        : this(owner, XenstoreAccess.None, [])
    {
    }

    /// <summary>Owned by <paramref name="owner"/>, readable by <paramref name="reader"/>.</summary>
    public static XenstorePermissions ReadableBy(int owner, int reader) => new(owner, XenstoreAccess.None, [(reader, XenstoreAccess.Read)]);

    /// <summary>Reads words separated by spaces. Raises <see cref="XenstoreFormatException"/>.</summary>
    public static XenstorePermissions Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Parse(text.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>Reads the words of the wire. Raises <see cref="XenstoreFormatException"/>.</summary>
    public static XenstorePermissions Parse(IReadOnlyList<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        if (words.Count == 0)
        {
            throw new XenstoreFormatException("permissions without an owner");
        }

        var (owner, others) = ParseWord(words[0]);
        var entries = ImmutableArray.CreateBuilder<(int, XenstoreAccess)>(words.Count - 1);
        for (var i = 1; i < words.Count; i++)
        {
            entries.Add(ParseWord(words[i]));
        }

        return new XenstorePermissions(owner, others, entries.MoveToImmutable());
    }

    /// <summary>What <paramref name="domid"/> may do.</summary>
    public XenstoreAccess AccessOf(int domid)
    {
        if (domid == 0 || domid == Owner)
        {
            return XenstoreAccess.Both;
        }

        foreach (var (listed, access) in Entries)
        {
            if (listed == domid)
            {
                return access;
            }
        }

        return Others;
    }

    /// <summary>The words of the wire.</summary>
    public string[] Words() => [Word(Owner, Others), .. Entries.Select(entry => Word(entry.Domid, entry.Access))];

    public override string ToString() => string.Join(' ', Words());

    public bool Equals(XenstorePermissions? other) =>
        other is not null && Owner == other.Owner && Others == other.Others && Entries.AsSpan().SequenceEqual(other.Entries.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Owner, Others, Entries.Length);

    private static string Word(int domid, XenstoreAccess access) => new StringBuilder(8).Append(access switch
    {
        XenstoreAccess.None => 'n',
        XenstoreAccess.Read => 'r',
        XenstoreAccess.Write => 'w',
        _ => 'b',
    }).Append(domid.ToString(CultureInfo.InvariantCulture)).ToString();

    private static (int Domid, XenstoreAccess Access) ParseWord(string word)
    {
        XenstoreAccess? access = word.Length == 0 ? null : word[0] switch
        {
            'n' => XenstoreAccess.None,
            'r' => XenstoreAccess.Read,
            'w' => XenstoreAccess.Write,
            'b' => XenstoreAccess.Both,
            _ => null,
        };
        return access is { } known && int.TryParse(word.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var domid)
            ? (domid, known)
            : throw new XenstoreFormatException($"\"{word}\" is no permission");
    }
}

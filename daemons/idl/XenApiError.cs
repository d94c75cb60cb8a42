using System.Collections.Immutable;

namespace Toolstack.Idl;

/// <summary>A XenAPI failure: a code of the error catalogue and its parameters, as clients see them in <c>ErrorDescription</c>.</summary>
public sealed class XenApiError : Exception
{
    public XenApiError(string code, params ImmutableArray<string> parameters)
        : base(parameters.IsDefaultOrEmpty ? code : $"{code} [{string.Join("; ", parameters)}]")
    {
        Code = code;
        Parameters = parameters.IsDefault ? [] : parameters;
    }

    public string Code { get; }

    public ImmutableArray<string> Parameters { get; }

    /// <summary>Of a CANNOT_CONTACT_HOST: no connection came about, so that the other host knows nothing of the call. Clients do not see it.</summary>
    public bool NeverSent { get; init; }
}

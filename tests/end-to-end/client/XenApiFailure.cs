namespace Toolstack.EndToEnd.Client;

/// <summary>A XenAPI failure as a client sees it: the words of <c>ErrorDescription</c>, code first.</summary>
public sealed class XenApiFailure(IReadOnlyList<string> description) : Exception(string.Join(" ", description))
{
    public string Code => Description.Count > 0 ? Description[0] : "";

    public IReadOnlyList<string> Description { get; } = description;
}

namespace Toolstack.XenSimulator.Xenstore;

/// <summary>Nodes by absolute path: the store itself, or the store as a transaction sees it.</summary>
internal abstract class Nodes
{
    internal abstract StoreNode? Get(string path);

    /// <summary>Sets a node; the generation is given by the store.</summary>
    internal abstract void Set(string path, StoreNode node);

    /// <summary>Takes one node away; its children and its parent are the caller's matter.</summary>
    internal abstract void Delete(string path);

    /// <summary>How many nodes a domain owns; not counted for domain 0.</summary>
    internal abstract int Owned(int domid);

    /// <summary>How many nodes a transaction has read or changed; zero for the store itself.</summary>
    internal virtual int Touched => 0;

    /// <summary>What was changed, in order, and is to be told to watchers.</summary>
    internal List<StoreChange> Changes { get; } = [];
}

namespace Toolstack.Idl;

/// <summary>A row of a XenAPI class: immutable, changed by <c>with</c>.</summary>
public abstract record XenObject
{
    /// <summary>The class as data; generated.</summary>
    public abstract XenClass Class { get; }

    /// <summary>This row does not outlive the daemon although rows of its class may. Fixed when the row is made.</summary>
    public virtual bool IsTransient => false;

    /// <summary>Every row has one; unique over all classes.</summary>
    public abstract string Uuid { get; }
}

/// <summary>What the generator adds to every row type.</summary>
public interface IXenObject<T> where T : XenObject, IXenObject<T>
{
    static abstract XenClass Info { get; }
}

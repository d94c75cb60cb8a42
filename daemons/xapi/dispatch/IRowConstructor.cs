using Toolstack.Idl;

namespace Toolstack.Xapi.Dispatch;

/// <summary>The implementation of a class whose rows clients create and destroy by the implicit messages; found among the implementations
/// by the class's name. Implemented by way of <see cref="IRowConstructor{T}"/>.</summary>
internal interface IRowConstructor
{
    /// <summary>Adds the row that <c>create</c> was given, its read-only fields at their defaults, and returns its reference.</summary>
    Task<string> CreateUntypedAsync(CallContext call, XenObject row);

    /// <summary>Removes the row.</summary>
    Task DestroyUntypedAsync(CallContext call, string self);
}

/// <summary>The constructor and destructor of class <typeparamref name="T"/>. Without overrides a row is added with a new uuid, and removed.</summary>
internal interface IRowConstructor<T> : IRowConstructor
    where T : XenObject, IXenObject<T>
{
    /// <summary>The row as it is to be added. Raises what forbids it.</summary>
    Task<T> BeforeCreateAsync(CallContext call, T row) => Task.FromResult(row);

    /// <summary>Raises what forbids removing the row, and clears up what goes with it.</summary>
    Task BeforeDestroyAsync(CallContext call, Ref<T> self, T row) => Task.CompletedTask;

    async Task<string> IRowConstructor.CreateUntypedAsync(CallContext call, XenObject row)
    {
        T typed = (T)T.Info.Field("uuid")!.With(row, new Value.Text(Guid.NewGuid().ToString()));
        typed = await BeforeCreateAsync(call, typed).ConfigureAwait(false);
        return (await call.Database.Create(typed, call.Cancellation).ConfigureAwait(false)).ToString();
    }

    async Task IRowConstructor.DestroyUntypedAsync(CallContext call, string self)
    {
        var reference = new Ref<T>(self);
        T row = await call.Database.Get(reference, call.Cancellation).ConfigureAwait(false);
        await BeforeDestroyAsync(call, reference, row).ConfigureAwait(false);
        await call.Database.Destroy(reference, call.Cancellation).ConfigureAwait(false);
    }
}

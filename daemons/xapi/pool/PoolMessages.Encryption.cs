using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Pool;

/// <summary>How the hosts of the pool are to be talked to, and which calls all of them know.</summary>
internal sealed partial class PoolMessages
{
    /// <summary>The same on every host, one after the other. Raises CANNOT_CONTACT_HOST [host], and what host.set_https_only raises.</summary>
    public override async Task set_https_only(Call call, Ref<pool> self, bool value)
    {
        foreach ((Ref<host> one, _) in await database.GetAll<host>(call.Cancellation).ConfigureAwait(false))
        {
            await client.CallHostAsync(
                database, one, "host.set_https_only", [new Value.Text(one.ToString()), new Value.Bool(value)], null, PoolLimits.TalkBackDeadline, call.Cancellation)
                .ConfigureAwait(false);
        }
    }

    /// <summary>From now on a migration looks at its target's certificate.</summary>
    public override async Task enable_tls_verification(Call call)
    {
        foreach ((Ref<host> one, _) in await database.GetAll<host>(call.Cancellation).ConfigureAwait(false))
        {
            await database.Update(one, static r => r with { tls_verification_enabled = true }, call.Cancellation).ConfigureAwait(false);
        }

        foreach ((Ref<pool> one, _) in await database.GetAll<pool>(call.Cancellation).ConfigureAwait(false))
        {
            await ChangeAsync(call, one, static r => r with { tls_verification_enabled = true }).ConfigureAwait(false);
        }
    }

    /// <summary>Whether every host has it. Raises CANNOT_CONTACT_HOST [host].</summary>
    public override async Task<bool> has_extension(Call call, Ref<pool> self, string name)
    {
        foreach ((Ref<host> one, _) in await database.GetAll<host>(call.Cancellation).ConfigureAwait(false))
        {
            Value has = await client.CallHostAsync(
                database, one, "host.has_extension", [new Value.Text(one.ToString()), new Value.Text(name)], null, PoolLimits.TalkBackDeadline, call.Cancellation)
                .ConfigureAwait(false);
            if (!has.AsBool())
            {
                return false;
            }
        }

        return true;
    }
}

using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Http;

namespace Toolstack.Xapi.Access;

/// <summary>The names of what sessions may do: <c>class.message</c> in lower case, <c>class.add_to_field/key:key</c> for guarded keys of maps,
/// <c>http/action</c>, and <see cref="DestroyAnyTask"/>.</summary>
internal static class Permissions
{
    /// <summary>Ending tasks of other users.</summary>
    internal const string DestroyAnyTask = "task.destroy/any";

    /// <summary>Every permission with the roles that have it.</summary>
    internal static SortedDictionary<string, ImmutableArray<Role>> All(ImmutableArray<XenClass> classes)
    {
        SortedDictionary<string, ImmutableArray<Role>> all = new(StringComparer.Ordinal);
        foreach (XenClass c in classes)
        {
            foreach (XenMessage message in c.Messages)
            {
                all[message.FullName.ToLowerInvariant()] = Roles.Allowed(message.Role, message.Also);
            }

            foreach (ImplicitMessage message in ImplicitMessages.Of(c))
            {
                string name = message.FullName.ToLowerInvariant();
                all[name] = Roles.Allowed(message.Role, message.Also);
                if (message.Kind is ImplicitKind.AddToField or ImplicitKind.RemoveFromField)
                {
                    foreach (GuardedKey key in message.Field!.GuardedKeys)
                    {
                        all[OfKey(name, key)] = Roles.Allowed(key.Role, []);
                    }
                }
            }
        }

        foreach (HttpAction action in HttpAction.All)
        {
            all[action.Permission] = Roles.Allowed(action.Role, action.Also);
        }

        all[DestroyAnyTask] = Roles.Allowed(Role.PoolOperator, []);
        return all;
    }

    /// <summary>What a call needs: its own permission, or that of the guarded key it names.</summary>
    internal static (string Name, ImmutableArray<Role> Roles) Of(MessageEntry entry, ImmutableArray<Value> arguments)
    {
        string name = entry.FullName.ToLowerInvariant();
        if (entry.Implicit is { Kind: ImplicitKind.AddToField or ImplicitKind.RemoveFromField, Field.GuardedKeys: { IsEmpty: false } keys }
            && arguments.Length > 1 && arguments[1] is Value.Text { Content: { } key } && keys.FirstOrDefault(k => k.Matches(key)) is { } guard)
        {
            return (OfKey(name, guard), Roles.Allowed(guard.Role, []));
        }

        return (name, Roles.Allowed(entry.Role, entry.Also));
    }

    /// <summary>RBAC_PERMISSION_DENIED [permission; text that names the roles].</summary>
    internal static XenApiError Denied(string permission, IEnumerable<Role> roles) => new(
        "RBAC_PERMISSION_DENIED", permission, $"No permission in user session. (Roles with this permission: {string.Join(", ", roles.Select(Roles.Name))})");

    private static string OfKey(string message, GuardedKey key) => $"{message}/key:{key.Key.ToLowerInvariant()}";
}

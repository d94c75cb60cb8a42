using System.Collections.Immutable;
using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Pool;

/// <summary>Where updates would come from and when they are looked for; looking for them is not implemented.</summary>
internal sealed partial class PoolMessages
{
    /// <summary>Raises NO_REPOSITORIES_CONFIGURED when there is nothing to look at.</summary>
    public override Task set_update_sync_enabled(Call call, Ref<pool> self, bool value) => ChangeAsync(call, self, r =>
        value && r.repositories.IsEmpty ? throw new XenApiError("NO_REPOSITORIES_CONFIGURED") : r with { update_sync_enabled = value });

    /// <summary>The day counts for weekly looks only: 0 is Sunday. Raises INVALID_UPDATE_SYNC_DAY [day].</summary>
    public override Task configure_update_sync(Call call, Ref<pool> self, update_sync_frequency update_sync_frequency, long update_sync_day)
    {
        bool good = update_sync_frequency == update_sync_frequency.daily ? update_sync_day == 0 : update_sync_day is >= 0 and <= 6;
        return good
            ? ChangeAsync(call, self, r => r with { update_sync_frequency = update_sync_frequency, update_sync_day = update_sync_day })
            : throw new XenApiError("INVALID_UPDATE_SYNC_DAY", update_sync_day.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Raises HANDLE_INVALID for a repository that is none.</summary>
    public override async Task set_repositories(Call call, Ref<pool> self, ImmutableArray<Ref<Repository>> value)
    {
        foreach (Ref<Repository> one in value)
        {
            await database.Get(one, call.Cancellation).ConfigureAwait(false);
        }

        await ChangeAsync(call, self, r => WithRepositories(r, [.. value.Distinct()])).ConfigureAwait(false);
    }

    public override async Task add_repository(Call call, Ref<pool> self, Ref<Repository> value)
    {
        await database.Get(value, call.Cancellation).ConfigureAwait(false);
        await ChangeAsync(call, self, r => r.repositories.Contains(value) ? r : WithRepositories(r, r.repositories.Add(value))).ConfigureAwait(false);
    }

    public override Task remove_repository(Call call, Ref<pool> self, Ref<Repository> value) =>
        ChangeAsync(call, self, r => WithRepositories(r, r.repositories.Remove(value)));

    /// <summary>Raises INVALID_REPOSITORY_PROXY_URL [url], INVALID_REPOSITORY_PROXY_CREDENTIAL.</summary>
    public override async Task configure_repository_proxy(Call call, Ref<pool> self, string url, string username, string password)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? parsed) || parsed.Scheme is not ("http" or "https") || parsed.Host.Length == 0)
        {
            throw new XenApiError("INVALID_REPOSITORY_PROXY_URL", url);
        }

        if (username.Length == 0 != (password.Length == 0) || (username + password).Contains('\n', StringComparison.Ordinal))
        {
            throw new XenApiError("INVALID_REPOSITORY_PROXY_CREDENTIAL");
        }

        Ref<secret> secret = password.Length == 0 ? Ref<secret>.Null : await database.Create(
            new secret { uuid = Guid.NewGuid().ToString(), value = password }, call.Cancellation).ConfigureAwait(false);
        await SetProxyAsync(call, self, url, username, secret).ConfigureAwait(false);
    }

    public override Task disable_repository_proxy(Call call, Ref<pool> self) => SetProxyAsync(call, self, "", "", Ref<secret>.Null);

    public override Task set_uefi_certificates(Call call, Ref<pool> self, string value) =>
        ChangeAsync(call, self, r => r with { uefi_certificates = Base64("value", value) });

    public override Task set_custom_uefi_certificates(Call call, Ref<pool> self, string value) =>
        ChangeAsync(call, self, r => r with { custom_uefi_certificates = Base64("value", value) });

    private async Task SetProxyAsync(Call call, Ref<pool> self, string url, string user, Ref<secret> password)
    {
        Ref<secret> before = (await database.Get(self, call.Cancellation).ConfigureAwait(false)).repository_proxy_password;
        await ChangeAsync(call, self, r => r with
        {
            repository_proxy_url = url, repository_proxy_username = user, repository_proxy_password = password,
        }).ConfigureAwait(false);
        if (await database.Find(before, call.Cancellation).ConfigureAwait(false) is not null)
        {
            await database.Destroy(before, call.Cancellation).ConfigureAwait(false);
        }
    }

    private static pool WithRepositories(pool row, ImmutableArray<Ref<Repository>> value) =>
        row with { repositories = value, update_sync_enabled = row.update_sync_enabled && !value.IsEmpty };

    /// <summary>Certificates come as an archive in base64. Raises INVALID_VALUE [field; reason].</summary>
    private static string Base64(string field, string value) =>
        System.Buffers.Text.Base64.IsValid(value) ? value : throw new XenApiError("INVALID_VALUE", field, "no base64");
}

using Microsoft.Extensions.Logging;
using Toolstack.XenSimulator.Host;
using Toolstack.XenSimulator.Xenstore;

namespace Toolstack.XenSimulator.GuestOs;

/// <summary>Starts and ends guests with their domains, and tells xenstore what becomes of domains, as VIRQ_DOM_EXC does on a real host.</summary>
internal sealed class Guests : IDisposable
{
    private readonly Lock sync = new();
    private readonly Dictionary<SimulatedDomain, (SimulatedGuest Guest, CancellationTokenSource End, int Resets)> guests = [];
    private readonly SimulatedHost host;
    private readonly XenstoreServer store;
    private readonly IGuestFrontends frontends;
    private readonly ILogger logger;

    public Guests(SimulatedHost host, XenstoreServer store, IGuestFrontends frontends, ILogger logger)
    {
        (this.host, this.store, this.frontends, this.logger) = (host, store, frontends, logger);
        host.DomainChanged += OnChanged;
    }

    /// <summary>The guest of that domain answers nothing from now on.</summary>
    public void Hang(SimulatedDomain domain)
    {
        lock (sync)
        {
            guests.GetValueOrDefault(domain).Guest?.Hang();
        }
    }

    public void Dispose()
    {
        host.DomainChanged -= OnChanged;
        lock (sync)
        {
            foreach (var (_, end, _) in guests.Values)
            {
                end.Cancel();
            }

            guests.Clear();
        }
    }

    private void OnChanged(SimulatedDomain domain)
    {
        if (host.Find(domain.Domid) != domain)
        {
            End(domain);
            store.DomainDestroyed(domain.Domid);
            return;
        }

        EndFormer(domain);
        if (domain.Rings is not null && !domain.Dying)
        {
            Begin(domain);
        }

        if (domain.Dying || domain.Shutdown is not null)
        {
            store.DomainShutDown(domain.Domid);
        }
    }

    private void Begin(SimulatedDomain domain)
    {
        lock (sync)
        {
            // A domain that is ending was, or will be, taken out: it must not come in after that.
            if (guests.ContainsKey(domain) || domain.Dying)
            {
                return;
            }

            var end = new CancellationTokenSource();
            var guest = new SimulatedGuest(domain, host, frontends, logger, end.Token);
            guests.Add(domain, (guest, end, domain.Resets));
            guest.Start(store.ConnectGuest(domain.Domid));
        }
    }

    /// <summary>The kernel that a soft reset replaced.</summary>
    private void EndFormer(SimulatedDomain domain)
    {
        lock (sync)
        {
            if (guests.TryGetValue(domain, out var entry) && entry.Resets != domain.Resets)
            {
                End(domain);
            }
        }
    }

    private void End(SimulatedDomain domain)
    {
        lock (sync)
        {
            if (guests.Remove(domain, out var entry))
            {
                entry.End.Cancel();
            }
        }
    }
}

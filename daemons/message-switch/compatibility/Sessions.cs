using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch;

/// <summary>Who is logged in with the original protocol: a token stands for one client however many connections it has, and its transient
/// queues live until the last of them closes. Used under the broker's turn.</summary>
internal sealed class Sessions
{
    private readonly Dictionary<string, CompatSession> byToken = new(StringComparer.Ordinal);

    /// <summary>Joins the session of a token, or opens it. Null when the token belongs to another user of the system.</summary>
    internal CompatSession? Login(string token, PeerIdentity peer)
    {
        if (!byToken.TryGetValue(token, out var session))
        {
            session = new CompatSession(token, peer.User);
            byToken.Add(token, session);
        }
        else if (session.User != peer.User && !peer.IsRoot)
        {
            return null;
        }

        session.Connections++;
        return session;
    }

    /// <summary>One connection of a session closed.</summary>
    internal void Leave(CompatSession session, Broker broker)
    {
        if (--session.Connections == 0)
        {
            byToken.Remove(session.Token);
            broker.Detach(session.Client);
        }
    }
}

/// <summary>A client of the original protocol. Nothing is sent to it: it asks.</summary>
internal sealed class CompatSession : IBrokerPeer
{
    internal CompatSession(string token, uint user)
    {
        Token = token;
        User = user;
        Client = Broker.Attach(this, token, user);
    }

    internal string Token { get; }

    internal uint User { get; }

    internal BrokerClient Client { get; }

    internal int Connections { get; set; }

    bool IBrokerPeer.Congested => false;

    void IBrokerPeer.Send(SwitchMessage message)
    {
        // The end of a subscription, and it has none.
    }

    void IBrokerPeer.Pause(bool paused)
    {
        // Its requests are refused while it is over its share; its other connection must still acknowledge.
    }
}

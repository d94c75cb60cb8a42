namespace Toolstack.Xapi.Http;

/// <summary>Every limit of the HTTP side in one place; the size of a body is configured (<see cref="Settings.MaxBodyBytes"/>).</summary>
internal static class HttpLimits
{
    /// <summary>Connections served at a time, over all listeners.</summary>
    internal const int MaxConnections = 2048;

    /// <summary>The threads that serve connections: more than processors, so that calls that compute leave some for those that come.</summary>
    internal static int ConnectionThreads => Math.Max(4, 2 * Environment.ProcessorCount);

    /// <summary>Accepted connections that have not sent their first bytes yet; the oldest is closed when one more comes.</summary>
    internal const int MaxSilentConnections = 1024;

    /// <summary>Connections that a listener has accepted and HTTP has not taken over yet.</summary>
    internal const int MaxAcceptedConnections = 1024;

    /// <summary>TLS connections in their handshake.</summary>
    internal const int MaxHandshakes = 256;

    /// <summary>Connections whose first segment ended inside the prefix that decides who serves them.</summary>
    internal const int MaxUndecided = 256;

    /// <summary>Connections on their way to xenopsd, and encrypted ones that are carried to it.</summary>
    internal const int MaxHandOvers = 128;

    /// <summary>Long reads that are worked on at a time over all clients; the others wait in turn by client.</summary>
    internal static int ReadThreads => Environment.ProcessorCount;

    /// <summary>How long a thread waits for the next long read before it ends.</summary>
    internal static readonly TimeSpan ReadThreadIdle = TimeSpan.FromSeconds(10);

    /// <summary>Long reads of one client that wait; one more is refused.</summary>
    internal const int MaxWaitingReads = 1024;

    /// <summary>Bodies up to this are read at once; larger ones, and chunked ones that pass it, when there is room for them (<see cref="BodyBudget"/>).
    /// What all bodies take together stays below <see cref="MaxConnections"/> times this and twice the largest body.</summary>
    internal const int SmallBodyBytes = 64 * 1024;

    /// <summary>The length that clients state for what they do not know the length of; such a body ends with its connection.</summary>
    internal const long UnknownLength = 1L << 50;

    /// <summary>What is taken from a connection before somebody reads it.</summary>
    internal const int ReadAheadBytes = 64 * 1024;

    /// <summary>How fast a large body has to come, on average, after <see cref="LargeBodyGrace"/>: it holds room that others wait for.</summary>
    internal const int LargeBodyBytesPerSecond = 64 * 1024;

    /// <summary>How long a large body may come slower.</summary>
    internal static readonly TimeSpan LargeBodyGrace = TimeSpan.FromSeconds(30);

    /// <summary>How long a large body waits for room before it is refused.</summary>
    internal static readonly TimeSpan BodyRoomDeadline = TimeSpan.FromSeconds(60);

    /// <summary>Answers smaller than this are not worth compressing.</summary>
    internal const int CompressFrom = 1024;

    /// <summary>Room that an answer is given at first: the record of a VM fits.</summary>
    internal const int UsualAnswerBytes = 4096;

    /// <summary>An answer beyond this is sent in pieces of about this size while it is written, with chunked framing.</summary>
    internal const int PieceBytes = 64 * 1024;

    /// <summary>How long a connection may take to send what is left of its last answer.</summary>
    internal static readonly TimeSpan CloseDeadline = TimeSpan.FromSeconds(10);

    /// <summary>The head of a request whose connection is handed to xenopsd; also the most that xenopsd reads as one record.</summary>
    internal const int MaxHandOverHeadBytes = 16 * 1024;

    /// <summary>How long a new connection may take to send its first bytes, and a handed-over one its whole head.</summary>
    internal static readonly TimeSpan FirstHeadDeadline = TimeSpan.FromSeconds(10);

    /// <summary>How long the head of any request may take once it has begun.</summary>
    internal static readonly TimeSpan HeadDeadline = TimeSpan.FromSeconds(60);

    /// <summary>How long a kept-alive connection may stay idle: event loops and clients' pools keep theirs for long.</summary>
    internal static readonly TimeSpan IdleDeadline = TimeSpan.FromHours(24);

    /// <summary>How long xenopsd may take to accept a connection that is handed over.</summary>
    internal static readonly TimeSpan HandOverDeadline = TimeSpan.FromSeconds(10);

    /// <summary>How long connecting to another host may take.</summary>
    internal static readonly TimeSpan ConnectDeadline = TimeSpan.FromSeconds(5);

    /// <summary>How long a login to another host may take.</summary>
    internal static readonly TimeSpan LoginDeadline = TimeSpan.FromSeconds(20);

    /// <summary>How long the end of a session on another host may take.</summary>
    internal static readonly TimeSpan LogoutDeadline = TimeSpan.FromSeconds(5);

    /// <summary>How long a request that a member passes on to the coordinator may take: event.from waits as long as its client says.</summary>
    internal static readonly TimeSpan PassOnDeadline = TimeSpan.FromHours(25);

    /// <summary>How long the coordinator may take to say what certificate a client of a member finds there.</summary>
    internal static readonly TimeSpan ThumbprintDeadline = TimeSpan.FromSeconds(5);

    /// <summary>The largest answer taken from another host.</summary>
    internal const int MaxAnswerBytes = 256 * 1024 * 1024;
}

using Xunit;

namespace Toolstack.Tests.Conformance;

/// <summary>What the clients in use rely on, a line each, and the scenarios that show it. The table is kept whole: every scenario serves a line.</summary>
public sealed class LinesTests
{
    private static readonly (string Line, string[] Scenarios)[] Lines =
    [
        ("JSON-RPC answers are application/json and nothing more", ["both encodings answer with their exact headers", "every listed class is loaded"]),
        ("XML-RPC answers are text/xml without white space between elements",
            ["both encodings answer with their exact headers", "a large answer comes in chunks whatever the encoding"]),
        ("a failure is HTTP 200; in JSON a code, a message and data", ["both encodings answer with their exact headers", "errors carry code and parameters"]),
        ("twenty calls in flight on kept connections", ["two hundred calls, twenty in flight", "twenty kept connections at once"]),
        ("bodies above 300 KiB, chunked ones too", ["bodies may be large and chunked", "text of every kind comes back as it was"]),
        ("Python posts to /RPC2 and takes gzip", ["login over tcp posts to RPC2", "a large answer comes in chunks whatever the encoding"]),
        ("the Unix socket by a URL with underscores, without a password",
            ["the unix socket needs no password", "the unix socket of a member reaches the coordinator"]),
        ("headers for tracing and grouping", ["tracing headers do not matter"]),
        ("a bare logout is an unknown method", ["bare and unknown methods are answered"]),
        ("a client that ends logs out", ["a logout at exit ends the session", "disconnecting ends the session"]),
        ("a body may wait for 100-continue, HTTP/1.0 closes", ["a body may wait for 100 continue", "http 1 0 closes unless asked not to"]),
        ("xen-api starts: login, pool, methods, every class", ["every listed class is loaded", "every listed method is known"]),
        ("the token of event.inject starts event.from and loses nothing",
            ["a token of event.inject loses nothing", "a barrier waits for the events before it"]),
        ("event.from from the beginning and from a token; a time that is over is no error",
            ["events from the beginning and from a token", "a token of event.inject loses nothing", "a long wait for events holds up nobody"]),
        ("valid_ref_counts.task is exact", ["tasks are counted exactly"]),
        ("SESSION_INVALID renews the login", ["a session that ended is renewed"]),
        ("HOST_IS_SLAVE names the coordinator", ["a member says where the coordinator is", "a member names the coordinator over tcp"]),
        ("MESSAGE_METHOD_UNKNOWN, MESSAGE_REMOVED, MAP_DUPLICATE_KEY and their parameters",
            ["errors carry code and parameters", "a removed message says so", "removing an absent key succeeds"]),
        ("a wrong password is refused", ["a wrong password is refused"]),
        ("removing a key that is not there succeeds", ["removing an absent key succeeds", "a barrier waits for the events before it"]),
        ("references outlive a restart; tasks that it interrupted are not pending", ["a restart of xapi keeps references"]),
        ("tasks: a reference at once, a result as XML text, lower-case words, then destroy",
            ["a life cycle by polled tasks", "a failed task says why", "a failed task rejects with its code", "a task of the client itself"]),
        ("tasks and events alone are enough to follow a VM; a task can be cancelled",
            ["a life cycle by tasks, seen by events alone", "a cancelled task rejects and the VM stays"]),
        ("a PUT is probed with an empty one, then sent, chunked", ["a put is probed then sent"]),
        ("a PUT of unknown length states 1125899906842624, and its connection is cut at the end", ["a body of unknown length ends with its connection"]),
        ("GET and PUT answer 302 with the right host and the same query", ["a member redirects to the coordinator"]),
        ("dates, references, null and numbers in both encodings", ["types are those of the data model", "json numbers and texts are both integers"]),
        ("consoles read API versions, the superuser flag, permissions and all roles", ["what a management console asks of roles and hosts"]),
        ("the product version splits into three numbers", ["types are those of the data model", "what a management console asks of roles and hosts"]),
        ("queries", ["queries select rows", "queries by address"]),
    ];

    [Fact]
    public void EveryLineHasScenariosAndEveryScenarioALine()
    {
        var declared = XenOrchestraTests.Declared.Concat(PythonTests.Declared).Select(static row => row.Data).Order(StringComparer.Ordinal);
        Assert.Equal(declared, Lines.SelectMany(static line => line.Scenarios).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }
}

"""A client of XenAPI on Python's standard library, in the way the published bindings work: xmlrpc.client over TCP or, by the form
http://_path_to_socket, over a Unix socket; a session object that renews itself; a logout when the program ends."""
import atexit
import http.client
import socket
import xmlrpc.client


class Failure(Exception):
    """A XenAPI error: its code and parameters are in details."""

    def __init__(self, details):
        super().__init__(str(details))
        self.details = details


class _UnixConnection(http.client.HTTPConnection):
    """The host of the URL is the path of the socket, underscores for slashes."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.host.replace("_", "/"))


class UnixTransport(xmlrpc.client.Transport):
    def make_connection(self, host):
        self._connection = host, _UnixConnection(host)
        return self._connection[1]


def _value(answer):
    if not isinstance(answer, dict) or "Status" not in answer:
        raise xmlrpc.client.Fault(500, "no Status in the answer")
    if answer["Status"] == "Success":
        return answer["Value"]
    raise Failure(answer["ErrorDescription"])


class Session(xmlrpc.client.ServerProxy):
    """session.xenapi.VM.start(...) calls with the session in front; session.xenapi.login_with_password(...) opens it."""

    def __init__(self, uri, transport=None, headers=()):
        super().__init__(uri, transport, allow_none=True, headers=headers)
        self.ref = None
        self.login = None
        atexit.register(self.leave)

    def request(self, name, params):
        if name.startswith(("login", "slave_local")):
            self.ref = _value(getattr(super().__getattr__("session"), name)(*params))
            self.login = name, params
            return self.ref
        if name == "logout":
            self.leave()
            return None
        for attempt in range(3):
            try:
                return _value(self.call(name, self.ref, *params))
            except Failure as failure:
                if failure.details[0] != "SESSION_INVALID" or self.login is None or attempt == 2:
                    raise
                self.request(*self.login)
        raise AssertionError("unreachable")

    def call(self, name, *params):
        """The bare answer to a method, no session added."""
        method = self
        for part in name.split("."):
            method = super().__getattr__(part) if method is self else getattr(method, part)
        return method(*params)

    def leave(self):
        if self.ref is not None:
            ref, self.ref = self.ref, None
            try:
                self.call("session.logout", ref)
            except (OSError, http.client.HTTPException, xmlrpc.client.Error):
                pass  # as the bindings do: the program ends

    def __getattr__(self, name):
        return _Method(self, "") if name == "xenapi" else super().__getattr__(name)


class _Method:
    def __init__(self, session, name):
        self._session, self._name = session, name

    def __getattr__(self, name):
        return _Method(self._session, f"{self._name}.{name}" if self._name else name)

    def __call__(self, *params):
        return self._session.request(self._name, params)

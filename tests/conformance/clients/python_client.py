"""Python's XML-RPC and HTTP clients against the daemons. One scenario a run: python3 python_client.py SCENARIO (or --list)."""
import concurrent.futures
import datetime
import gzip
import http.client
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
import xmlrpc.client

import xenapi

URLS = os.environ["POOL_URLS"].split()
USER, PASSWORD = os.environ["POOL_USER"], os.environ["POOL_PASSWORD"]
COORDINATOR_SOCKET, MEMBER_SOCKET = os.environ["COORDINATOR_SOCKET"], os.environ["MEMBER_SOCKET"]
PATIENCE = 20
NULL = "OpaqueRef:NULL"
UNKNOWN = "MESSAGE_METHOD_UNKNOWN"
SCENARIOS = {}


def scenario(function):
    SCENARIOS[function.__name__.replace("_", " ")] = function
    return function


def expect(code, call, *params):
    try:
        value = call(*params)
    except xenapi.Failure as failure:
        assert failure.details[0] == code, failure.details
        return failure.details[1:]
    raise AssertionError(f"{value!r} instead of {code}")


def login(url=URLS[0], transport=None, **options):
    session = xenapi.Session(url, transport, **options)
    session.xenapi.login_with_password(USER, PASSWORD, "1.0", "conformance")
    return session


def unix_url(path):
    return "http://" + path.replace("/", "_")


def await_task(session, ref):
    """As scripts do: poll, read, destroy; the result is XML text even here."""
    end = time.monotonic() + PATIENCE
    while session.xenapi.task.get_status(ref) == "pending":
        assert time.monotonic() < end, "the task is pending still"
        time.sleep(0.05)
    record = session.xenapi.task.get_record(ref)
    session.xenapi.task.destroy(ref)
    return record


def text_of(result):
    return re.fullmatch(r"<value>(.*)</value>", result, re.DOTALL).group(1)


def connection(host=0):
    return http.client.HTTPConnection(urllib.parse.urlsplit(URLS[host]).netloc, timeout=PATIENCE)


def post(conn, body, path="/", content_type="text/xml", **headers):
    conn.request("POST", path, body, {"Content-Type": content_type, **headers}, encode_chunked="Transfer-Encoding" in headers)
    answer = conn.getresponse()
    return answer, answer.read()


@scenario
def login_over_tcp_posts_to_RPC2():
    session = login(URLS[0].rstrip("/"))  # without a path the standard library takes /RPC2
    record = session.xenapi.session.get_record(session.ref)
    assert record["originator"] == "conformance" and record["auth_user_name"] == USER, record
    assert record["is_local_superuser"] is True and record["pool"] is False, record
    assert session.xenapi.session.get_is_local_superuser(session.ref) is True
    assert session.xenapi.session.get_rbac_permissions(session.ref) == []


@scenario
def the_unix_socket_needs_no_password():
    session = xenapi.Session(unix_url(COORDINATOR_SOCKET), xenapi.UnixTransport())
    session.xenapi.login_with_password("root", "")
    (pool,) = session.xenapi.pool.get_all()
    assert session.xenapi.host.get_uuid(session.xenapi.pool.get_master(pool))


@scenario
def the_unix_socket_of_a_member_reaches_the_coordinator():
    session = xenapi.Session(unix_url(MEMBER_SOCKET), xenapi.UnixTransport())
    session.xenapi.login_with_password("root", "")
    assert len(session.xenapi.host.get_all_records()) == len(URLS)


@scenario
def a_member_names_the_coordinator_over_tcp():
    session = xenapi.Session(URLS[1])
    (address,) = expect("HOST_IS_SLAVE", session.xenapi.login_with_password, USER, PASSWORD, "1.0", "conformance")
    assert address == urllib.parse.urlsplit(URLS[0]).hostname, address


@scenario
def types_are_those_of_the_data_model():
    session = login()
    for ref, host in session.xenapi.host.get_all_records().items():
        assert ref.startswith("OpaqueRef:")
        assert host["enabled"] is True and isinstance(host["software_version"], dict)
        assert int(host["API_version_major"]) >= 1 and int(host["API_version_minor"]) >= 1
        assert len(host["software_version"]["product_version"].split(".")) == 3, host["software_version"]
        metrics = session.xenapi.host_metrics.get_record(host["metrics"])
        assert isinstance(metrics["last_updated"], xmlrpc.client.DateTime), metrics
        datetime.datetime.strptime(metrics["last_updated"].value, "%Y%m%dT%H:%M:%SZ")
        assert int(metrics["memory_total"]) > 0
    template = next(vm for vm in session.xenapi.VM.get_all_records().values() if vm["is_a_template"])
    assert isinstance(template["memory_static_max"], str) and int(template["memory_static_max"]) > 0
    assert template["resident_on"] == NULL and template["blocked_operations"] == {}


@scenario
def a_life_cycle_by_polled_tasks():
    session = login()
    api = session.xenapi
    template = next(ref for ref, vm in api.VM.get_all_records().items() if vm["is_a_template"])
    vm = text_of(await_task(session, api.Async.VM.clone(template, "python"))["result"])
    api.VM.set_is_a_template(vm, False)
    api.VM.set_memory_limits(vm, *[str(32 << 20)] * 4)
    started = await_task(session, api.Async.VM.start(vm, False, False))
    assert started["status"] == "success" and started["progress"] == 1.0, started
    assert api.VM.get_power_state(vm) == "Running"
    source = api.VM.get_resident_on(vm)
    target = next(host for host in api.host.get_all() if host != source)
    assert await_task(session, api.Async.VM.pool_migrate(vm, target, {"live": "true"}))["status"] == "success"
    assert api.VM.get_resident_on(vm) == target
    assert expect("VM_BAD_POWER_STATE", api.VM.start, vm, False, False) == [vm, "halted", "running"]
    api.VM.hard_shutdown(vm)
    api.VM.destroy(vm)
    assert expect("HANDLE_INVALID", api.VM.get_record, vm) == ["VM", vm]


@scenario
def a_failed_task_says_why():
    session = login()
    record = await_task(session, session.xenapi.Async.VM.start("OpaqueRef:none", False, False))
    assert record["status"] == "failure" and record["result"] == "", record
    assert record["error_info"] == ["HANDLE_INVALID", "VM", "OpaqueRef:none"], record


@scenario
def removing_an_absent_key_succeeds():
    session = login()
    (pool,) = session.xenapi.pool.get_all()
    session.xenapi.pool.remove_from_other_config(pool, "absent")
    session.xenapi.pool.add_to_other_config(pool, "present", "1")
    assert expect("MAP_DUPLICATE_KEY", session.xenapi.pool.add_to_other_config, pool, "present", "2")[0] == "pool"
    session.xenapi.pool.remove_from_other_config(pool, "present")
    assert "present" not in session.xenapi.pool.get_other_config(pool)


@scenario
def events_from_the_beginning_and_from_a_token():
    session = login()
    first = session.request("event.from", (["*"], "", 5.0))  # from is a keyword here
    classes = {event["class"] for event in first["events"]}
    assert {"pool", "host", "vm"} <= classes, classes
    assert all(event["operation"] == "add" and event["snapshot"] for event in first["events"])
    assert first["valid_ref_counts"]["host"] == len(URLS), first["valid_ref_counts"]
    began = time.monotonic()
    quiet = session.request("event.from", (["pool"], first["token"], 0.2))
    assert quiet["events"] == [] and time.monotonic() - began < PATIENCE
    task = session.xenapi.task.create("python", "")
    changed = session.request("event.from", ([f"task/{task}"], first["token"], 5.0))
    assert [(e["operation"], e["ref"]) for e in changed["events"]] == [("add", task)], changed["events"]
    session.xenapi.task.destroy(task)
    assert expect("EVENT_FROM_TOKEN_PARSE_FAILURE", session.request, "event.from", (["*"], "nonsense", 0.0)) == ["nonsense"]


@scenario
def a_logout_at_exit_ends_the_session():
    script = "import os, xenapi; s = xenapi.Session(os.environ['POOL_URLS'].split()[0]);" \
        "print(s.xenapi.login_with_password(os.environ['POOL_USER'], os.environ['POOL_PASSWORD']))"
    ref = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True,
                         cwd=os.path.dirname(os.path.abspath(__file__)), timeout=PATIENCE).stdout.strip()
    answer = xenapi.Session(URLS[0]).call("pool.get_all", ref)
    assert answer == {"Status": "Failure", "ErrorDescription": ["SESSION_INVALID", ref]}, answer


@scenario
def bare_and_unknown_methods_are_answered():
    session = login()
    for name in ("logout", "session.nonsense", "nonsense"):
        answer = session.call(name)
        assert answer == {"Status": "Failure", "ErrorDescription": [UNKNOWN, name]}, answer
    for params in ((session.ref,), (session.ref, "a", ["b"], {"c": "d"})):
        answer = session.call("VM.nonsense", *params)
        assert answer == {"Status": "Failure", "ErrorDescription": [UNKNOWN, "VM.nonsense"]}, answer
    assert session.call("VM.nonsense", "x")["ErrorDescription"] == ["SESSION_INVALID", "x"]


@scenario
def tracing_headers_do_not_matter():
    headers = [("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("baggage", "a=b"), ("originator", "conformance")]
    assert login(headers=headers).xenapi.pool.get_all()


@scenario
def both_encodings_answer_with_their_exact_headers():
    conn = connection()
    xml = xmlrpc.client.dumps((USER, PASSWORD), "session.login_with_password")
    answer, body = post(conn, xml, "/RPC2", **{"Accept-Encoding": "gzip"})
    assert answer.status == 200 and answer.getheader("Content-Type") == "text/xml", answer.getheaders()
    assert answer.getheader("Content-Encoding") in (None, "gzip")
    body = gzip.decompress(body) if answer.getheader("Content-Encoding") else body
    assert re.match(rb'<\?xml version="1\.0"\?><methodResponse><params><param><value><struct><member><name>Status</name><value>Success</value>', body)
    assert not re.search(rb">\s+<", body), body
    answer, body = post(conn, json.dumps({"jsonrpc": "2.0", "id": 7, "method": "pool.get_all", "params": ["x"]}), "/jsonrpc", "application/json; charset=utf-8")
    assert answer.status == 200 and answer.getheader("Content-Type") == "application/json", answer.getheaders()
    assert json.loads(body) == {"jsonrpc": "2.0", "id": 7, "error": {"code": 1, "message": "SESSION_INVALID", "data": ["x"]}}, body
    answer, body = post(conn, json.dumps({"id": "a", "method": "pool.get_all", "params": ["x"]}), "/jsonrpc", "application/json")
    assert json.loads(body) == {"id": "a", "result": None, "error": ["SESSION_INVALID", "x"]}, body


@scenario
def bodies_may_be_large_and_chunked():
    session = login()
    (pool,) = session.xenapi.pool.get_all()
    before = session.xenapi.pool.get_name_description(pool)
    text = "0123456789abcdef" * (64 * 1024)  # 1 MiB
    body = xmlrpc.client.dumps((session.ref, pool, text), "pool.set_name_description").encode()
    conn = connection()
    answer, _ = post(conn, iter([body[at:at + 10_007] for at in range(0, len(body), 10_007)]), **{"Transfer-Encoding": "chunked"})
    assert answer.status == 200
    assert session.xenapi.pool.get_name_description(pool) == text
    session.xenapi.pool.set_name_description(pool, text[::-1])
    assert session.xenapi.pool.get_name_description(pool) == text[::-1]
    session.xenapi.pool.set_name_description(pool, before)


@scenario
def json_numbers_and_texts_are_both_integers():
    session = login()
    conn = connection()

    def call(method, *params):
        answer, body = post(conn, json.dumps({"jsonrpc": "2.0", "id": 0, "method": method, "params": [session.ref, *params]}), "/jsonrpc", "application/json")
        assert answer.status == 200, answer.status
        reply = json.loads(body)
        assert "error" not in reply, reply
        return reply["result"]

    template = next(ref for ref, vm in call("VM.get_all_records").items() if vm["is_a_template"])
    vm = call("VM.clone", template, "json")
    for value in (5, "6"):
        assert call("VM.set_order", vm, value) == ""
        assert call("VM.get_order", vm) == int(value)
    record = call("VM.get_record", vm)
    assert isinstance(record["memory_static_max"], int) and record["is_a_template"] is True, record
    assert re.fullmatch(r"\d{8}T\d\d:\d\d:\d\dZ", record["snapshot_time"]), record["snapshot_time"]
    assert record["affinity"] == NULL
    call("VM.destroy", vm)


@scenario
def queries_select_rows():
    api = login().xenapi
    (pool,) = api.pool.get_all()
    master = api.pool.get_master(pool)
    uuid, name = api.host.get_uuid(master), api.host.get_name_label(master)
    assert list(api.host.get_all_records_where(f'field "uuid"="{uuid}"')) == [master]
    assert api.host.get_all_where(f'field "uuid"="{uuid}" and not field "name__label"="{name}"') == []
    assert api.VM.get_all_where('(field "is_a_template"="true") and (field "power_state"="Running")') == []
    assert set(api.host.get_all_where("true")) == set(api.host.get_all())
    expect("INVALID_VALUE", api.host.get_all_where, "field name")


@scenario
def a_body_may_wait_for_100_continue():
    body = xmlrpc.client.dumps((USER, PASSWORD), "session.login_with_password").encode()
    conn = connection()
    conn.connect()
    with conn.sock as sock:
        head = f"POST / HTTP/1.1\r\nHost: {conn.host}\r\nContent-Type: text/xml\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"
        sock.sendall(head.encode())
        assert sock.recv(4096).startswith(b"HTTP/1.1 100 "), "the server waits for the body, the client for the server"
        sock.sendall(body)
        assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")


@scenario
def http_1_0_closes_unless_asked_not_to():
    body = xmlrpc.client.dumps((), "system.listMethods").encode()
    for header, closes in (("", True), ("Connection: keep-alive\r\n", False)):
        conn = connection()
        conn.connect()
        with conn.sock as sock:
            for _ in range(1 if closes else 2):
                sock.sendall(f"POST /RPC2 HTTP/1.0\r\n{header}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                answer = http.client.HTTPResponse(sock, method="POST")
                answer.begin()
                assert answer.status == 200 and b"pool.get_all_records" in answer.read()
            if closes:
                assert sock.recv(1) == b"", "the connection stays open"


@scenario
def twenty_kept_connections_at_once():
    session = login()
    body = xmlrpc.client.dumps((session.ref,), "host.get_all_records")

    def run(_):
        conn = connection()
        conn.connect()
        first = conn.sock
        for _ in range(20):
            answer, data = post(conn, body)
            assert answer.status == 200 and b"<value>Success</value>" in data
            assert conn.sock is first, "the connection was not kept"
        conn.close()

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        list(pool.map(run, range(20)))


@scenario
def a_long_wait_for_events_holds_up_nobody():
    session, other = login(), login()
    (pool,) = session.xenapi.pool.get_all()
    token = session.xenapi.event.inject("pool", pool)
    token = session.request("event.from", (["pool"], token, 5.0))["token"]
    with concurrent.futures.ThreadPoolExecutor(1) as waiter:
        waiting = waiter.submit(session.request, "event.from", (["pool"], token, 30.0))
        time.sleep(0.2)
        assert not waiting.done(), waiting.result()
        other.xenapi.pool.add_to_other_config(pool, "woken", "yes")
        (event,) = waiting.result(timeout=PATIENCE)["events"]
    assert event["snapshot"]["other_config"]["woken"] == "yes"
    other.xenapi.pool.remove_from_other_config(pool, "woken")


@scenario
def what_a_management_console_asks_of_roles_and_hosts():
    session = login()
    api = session.xenapi
    roles = api.role.get_all_records()
    names = {role["name_label"] for role in roles.values()}
    assert {"pool-admin", "pool-operator", "vm-power-admin", "vm-admin", "vm-operator", "read-only", "vm.start"} <= names
    admin = next(role for role in roles.values() if role["name_label"] == "pool-admin")
    assert set(admin["subroles"]) <= set(roles) and admin["is_internal"] is False
    for host in api.host.get_all():
        record = api.host.get_record(host)
        assert int(record["API_version_major"]) == 2 and int(record["API_version_minor"]) >= 20, record
        x, y, z = api.host.get_software_version(host)["product_version"].split(".")
        assert x.isdigit() and y.isdigit() and z.isdigit()
    assert api.session.get_is_local_superuser(session.ref) is True
    assert api.session.get_rbac_permissions(session.ref) == []


@scenario
def a_large_answer_comes_in_chunks_whatever_the_encoding():
    session = login()
    whole = session.xenapi.role.get_all_records()
    for headers in ({}, {"Accept-Encoding": "gzip"}):
        conn = connection()
        answer, body = post(conn, xmlrpc.client.dumps((session.ref,), "role.get_all_records"), **headers)
        assert answer.getheader("Transfer-Encoding") == "chunked" and answer.getheader("Content-Type") == "text/xml", answer.getheaders()
        assert (answer.getheader("Content-Encoding") == "gzip") == bool(headers), answer.getheaders()
        body = gzip.decompress(body) if headers else body
        assert not re.search(rb">\s+<", body)
        assert xmlrpc.client.loads(body)[0][0]["Value"] == whole
        request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "role.get_all_records", "params": [session.ref]})
        answer, body = post(conn, request, "/jsonrpc", "application/json", **headers)
        body = gzip.decompress(body) if headers else body
        assert answer.getheader("Content-Type") == "application/json" and json.loads(body) == {"jsonrpc": "2.0", "id": 1, "result": whole}
        # The connection is good for the next call.
        assert post(conn, xmlrpc.client.dumps((session.ref,), "pool.get_all"))[0].status == 200


@scenario
def a_removed_message_says_so():
    api = login().xenapi
    template = next(ref for ref, vm in api.VM.get_all_records().items() if vm["is_a_template"])
    assert expect("MESSAGE_REMOVED", api.VM.snapshot_with_quiesce, template, "x") == []


@scenario
def queries_by_address():
    assert login().xenapi.PIF.get_all_records_where('field "IP"="192.0.2.1"') == {}


def new_blob():
    """The API of a session, an empty blob, and where its content is read and written."""
    session = login()
    api = session.xenapi
    (pool,) = api.pool.get_all()
    blob = api.pool.create_new_blob(pool, "conformance", "text/plain", False)
    return api, blob, f"/blob?session_id={session.ref}&ref={blob}"


@scenario
def a_put_is_probed_then_sent():
    api, blob, path = new_blob()
    conn = connection()
    conn.request("PUT", path, b"")
    probe = conn.getresponse()
    probe.read()
    assert probe.status == 200 and api.task.get_all_where('field "status"="pending"') == [], probe.status
    data = bytes(range(256)) * 1000
    conn.request("PUT", path, iter([data[:70_000], data[70_000:]]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
    answer = conn.getresponse()
    answer.read()
    assert answer.status == 200, answer.status
    conn.request("GET", path)
    answer = conn.getresponse()
    assert answer.status == 200 and answer.read() == data
    api.blob.destroy(blob)


@scenario
def a_body_of_unknown_length_ends_with_its_connection():
    api, blob, path = new_blob()
    data = bytes(range(256)) * 1000
    conn = connection()
    conn.connect()
    with conn.sock as sock:
        head = f"PUT {path} HTTP/1.1\r\nHost: {conn.host}\r\nContent-Length: 1125899906842624\r\n\r\n"
        sock.sendall(head.encode() + data)
    end = time.monotonic() + PATIENCE
    while int(api.blob.get_size(blob)) != len(data):
        assert time.monotonic() < end, api.blob.get_size(blob)
        time.sleep(0.02)
    conn = connection()
    conn.request("GET", path)
    assert conn.getresponse().read() == data
    api.blob.destroy(blob)


@scenario
def a_member_redirects_to_the_coordinator():
    api, blob, path = new_blob()
    conn = connection(1)
    conn.request("PUT", path, b"")
    answer = conn.getresponse()
    answer.read()
    place = urllib.parse.urlsplit(answer.getheader("Location"))
    assert answer.status == 302 and f"{place.path}?{place.query}" == path, answer.getheaders()
    assert place.netloc == urllib.parse.urlsplit(URLS[0]).netloc, place
    there = http.client.HTTPConnection(place.netloc, timeout=PATIENCE)
    there.request("PUT", path, b"content")
    answer = there.getresponse()
    answer.read()
    assert answer.status == 200, answer.status
    # The member's connection is good for more.
    conn.request("GET", path)
    answer = conn.getresponse()
    answer.read()
    assert answer.status == 302 and answer.getheader("Location") == place.geturl(), answer.getheaders()
    there.request("GET", path)
    assert there.getresponse().read() == b"content"
    api.blob.destroy(blob)


if __name__ == "__main__":
    if sys.argv[1] == "--list":
        print("\n".join(SCENARIOS))
    else:
        SCENARIOS[sys.argv[1]]()

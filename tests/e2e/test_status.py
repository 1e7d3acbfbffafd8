"""The status role against real endpoints: what it says of them, how it says it, and to whom."""

import contextlib
import gzip
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import socketserver
import sqlite3
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest

from ipc import RELOAD, Role, RoleFailed

ROOT = pathlib.Path(__file__).resolve().parents[2]
QS = os.environ.get("QS", str(ROOT / "build" / "qs"))
INTERVAL = 500


def wait_for(what, seconds=10):
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got:
            return got
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.03)


def check(name, kind, **more):
    return {"name": name, "kind": kind, "target": "", "address": "127.0.0.1", "port": 0, "conditions": [],
            "interval_ms": INTERVAL, "timeout_ms": 0, "expect": [], **more}


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, body = self.server.answer(self.path)
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        self.server.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


class Web(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Answers)
        self.answer, self.posts = answer, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]


class UnixWeb(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path, answer):
        super().__init__(str(path), Answers)
        self.answer, self.posts = answer, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def get_request(self):
        request, _ = super().get_request()
        return request, ("unix", 0)


class Status:
    """The role with a spec of its own in a folder of its own."""

    def __init__(self, state, spec, **conf):
        self.state = state
        (state / "run").mkdir(exist_ok=True)
        self.write(spec)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.unix = socket.socket(socket.AF_UNIX)
        path = state / "run" / "status.sock"
        path.unlink(missing_ok=True)
        self.unix.bind(str(path))
        self.unix.listen(64)
        self.conf = {"state": str(state), "spec": str(state / "run/spec.json"), "lab_doc": str(state / "run/page.json"),
                     "executor": str(state / "run/executor.sock"), "adrs": str(state / "run/adrs.json"),
                     "rate": {"per_second": 1000, "burst": 10000}, **conf}
        self.log = open(state / "log", "a+")
        self.role = Role(QS, "status", self.conf, fds=[self.listener.fileno(), self.unix.fileno()], stderr=self.log)
        self.ready = self.role.wait_ready()

    def write(self, spec):
        (self.state / "run" / "spec.json").write_text(json.dumps(spec))

    def get(self, path, method="GET", **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method,
                                         headers={k.replace("_", "-"): v for k, v in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=5) as reply:
                return reply.status, reply.headers, reply.read()
        except urllib.error.HTTPError as reply:
            return reply.code, reply.headers, reply.read()

    def doc(self, path):
        status, _, body = self.get(path)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def signals(self):
        return {c["name"]: c for g in self.doc("/api/v1/status")["groups"] for c in g["components"]}

    def state_of(self, name):
        return self.signals()[name]["state"]

    def stop(self):
        code = self.role.stop()
        self.listener.close()
        self.unix.close()
        return code


def spec_of(signals, **more):
    doc = {"format": "qs.status-spec/1", "site": "twin", "lab": {"name": "test", "title": "Test <lab>"},
           "groups": [{"name": "apps", "title": "apps"}, {"name": "network", "title": "network + hardware"}],
           "signals": signals, "components": [
               {"number": 1, "name": "parts", "group": "apps", "role": "the parts", "runs": "qs", "version": "1",
                "adr": "0007", "backup": "none", "state": "built", "pending": None, "depends_on": [], "checks": []}],
           "notify": [], **more}
    return doc


def signal_of(name, *checks, pending=None, group="network", twin=True):
    return {"name": name, "title": name.replace("-", " "), "group": group, "twin": twin, "pending": pending,
            "components": ["parts"], "checks": list(checks)}


@pytest.fixture
def state(tmp_path_factory):
    folder = pathlib.Path(f"/tmp/qs-status-{os.getpid()}-{time.monotonic_ns()}")
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def start(state):
    started = []

    def run(spec, **conf):
        started.append(Status(state, spec, **conf))
        return started[-1]

    yield run
    codes = [s.stop() for s in started if s.role.process.poll() is None]
    assert codes == [0] * len(codes), (state / "log").read_text()


@pytest.fixture
def web():
    servers = []

    def run(answer):
        servers.append(Web(answer))
        return servers[-1]

    yield run
    for server in servers:
        server.shutdown()
        server.server_close()


def test_signals_follow_their_checks(start, web):
    answers = {"/": (200, '{"a": {"b": ["x", 7]}, "text": "hello"}')}
    server = web(lambda path: answers[path])
    url = f"http://127.0.0.1:{server.port}/"
    conditions = ["[STATUS] == 200", "[RESPONSE_TIME] < 2000", "[BODY].a.b[1] == 7", "[BODY].text == pat(hel*)",
                  "len([BODY].a.b) == 2", "has([BODY].none) == false", "[IP] == 127.0.0.1", "[STATUS] == any(200, 204)"]
    s = start(spec_of([
        signal_of("web", check("page", "http", target=url, address="", conditions=conditions)),
        signal_of("half", check("good", "tcp", port=server.port), check("bad", "tcp", port=1)),
        signal_of("dead", check("bad", "tcp", port=1)),
        signal_of("later", pending="comes later", group="apps"),
    ]))
    wait_for(lambda: s.state_of("web") == "up" and s.state_of("half") == "degraded" and s.state_of("dead") == "down")
    doc = s.doc("/api/v1/status")
    assert doc["format"] == "qs.status/1" and list(doc)[0] == "format"
    assert (doc["up"], doc["total"], doc["state"]) == (1, 4, "degraded")
    apps, network = doc["groups"]
    assert (apps["state"], apps["up"], apps["total"]) == ("pending", 0, 1)
    assert apps["components"][0]["message"] == "comes later"
    assert network["up"] == 1 and network["components"][0]["adr"] == "0007"
    assert "bad: could not connect" in s.signals()["half"]["message"]
    answers["/"] = (503, "{}")
    wait_for(lambda: s.state_of("web") == "down")
    assert s.signals()["web"]["message"] == "[STATUS] (503) == 200"


def test_a_stopped_peer_leaves_up_within_two_intervals(start):
    child = subprocess.Popen(["python3", "-m", "http.server", "--bind", "127.0.0.1", "18181"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        s = start(spec_of([signal_of("web", check("page", "http", target="http://127.0.0.1:18181/", interval_ms=1000))]))
        wait_for(lambda: s.state_of("web") == "up")
        child.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        wait_for(lambda: s.state_of("web") != "up")
        assert time.monotonic() - began < 2.0
        child.send_signal(signal.SIGCONT)
        wait_for(lambda: s.state_of("web") == "up")
    finally:
        child.kill()
        child.wait()


def test_other_kinds_of_check(start, state):
    greeter = socket.create_server(("127.0.0.1", 0))

    def greet():
        while True:
            try:
                peer, _ = greeter.accept()
            except OSError:
                return
            peer.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
            peer.close()

    threading.Thread(target=greet, daemon=True).start()
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind(("127.0.0.1", 0))

    def resolve():
        while True:
            try:
                query, peer = names.recvfrom(512)
            except OSError:
                return
            name = query[12:]
            if b"missing" in name:
                names.sendto(query[:2] + b"\x81\x83\0\1\0\0\0\0\0\0" + query[12:], peer)
            else:
                answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\x07"
                names.sendto(query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + query[12:] + answer, peer)

    threading.Thread(target=resolve, daemon=True).start()
    (state / "run").mkdir(exist_ok=True)
    targets = {"core": "in-sync", "leaf": "drift", "admin": "failed"}
    executor = UnixWeb(state / "run/executor.sock", lambda path: (200, json.dumps({
        "format": "qs.targets/1", "targets": [{"name": n, "state": t, "text": f"{n} {t}"} for n, t in targets.items()],
        "applies": [{"id": "01ABC", "started": "2026-01-02T03:04:05Z", "ended": "2026-01-02T03:04:06Z", "state": "done",
                     "summary": {"add": 3, "change": 1, "destroy": 0}, "targets": [{"name": "core", "state": "done"}]}]})))
    supervisor = UnixWeb(state / "run/supervisor.sock", lambda path: (200, json.dumps({
        "roles": [{"name": "executor", "state": "ready"}, {"name": "llm", "state": "backoff", "detail": "exited"}]})))
    dns = names.getsockname()[1]
    s = start(spec_of([
        signal_of("ssh", check("a", "ssh", port=greeter.getsockname()[1])),
        signal_of("dns", check("a", "dns", target="www.example.org", port=dns, expect=["A", "10.0.0.7"])),
        signal_of("dns-other", check("a", "dns", target="www.example.org", port=dns, expect=["10.0.0.8"])),
        signal_of("dns-missing", check("a", "dns", target="missing.example.org", port=dns)),
        signal_of("ping", check("a", "icmp")),
        signal_of("ping6", check("a", "icmp", address="::1")),
        signal_of("core", check("a", "converge", target="device:core")),
        signal_of("leaf", check("a", "converge", target="device:leaf")),
        signal_of("admin", check("a", "converge", target="device:admin")),
        signal_of("role", check("a", "role", target="executor")),
        signal_of("no-role", check("a", "role", target="nothing")),
        signal_of("process", check("a", "process", target="executor")),
        signal_of("no-process", check("a", "process", target="llm")),
        signal_of("name", check("a", "tcp", address="localhost", port=greeter.getsockname()[1])),
    ]))
    want = {"ssh": "up", "dns": "up", "dns-other": "down", "dns-missing": "down", "ping": "up", "ping6": "up",
            "core": "up", "leaf": "degraded", "admin": "down", "role": "up", "no-role": "down", "process": "up",
            "no-process": "down", "name": "up"}
    try:
        wait_for(lambda: {n: c["state"] for n, c in s.signals().items()} == want)
    finally:
        got = {n: (c["state"], c["message"]) for n, c in s.signals().items() if c["state"] != want[n]}
        assert got == {}
    assert s.signals()["leaf"]["message"] == "leaf drift"
    assert s.signals()["dns-missing"]["message"] == "[DNS_RCODE] (NXDOMAIN) == NOERROR"
    assert s.doc("/api/v1/history")["applies"][0]["id"] == "01ABC"
    wait_for(lambda: b"3 to add, 1 to change, 0 to destroy \xc2\xb7 core" in s.get("/part/changes")[2])
    executor.shutdown()
    executor.server_close()
    (state / "run/executor.sock").unlink()
    wait_for(lambda: s.state_of("core") == "unknown")
    supervisor.shutdown()
    greeter.close()
    names.close()


def test_tls_and_https(start, state, tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "30", "-subj", "/CN=localhost", "-keyout", tmp_path / "key", "-out", tmp_path / "cert"],
                   check=True, capture_output=True)
    digest = subprocess.run(["openssl", "x509", "-in", tmp_path / "cert", "-noout", "-fingerprint", "-sha256"],
                            check=True, capture_output=True, text=True).stdout
    pin = digest.split("=")[1].strip().replace(":", "").lower()
    server = subprocess.Popen(["openssl", "s_server", "-quiet", "-accept", "127.0.0.1:18443", "-www", "-key",
                               tmp_path / "key", "-cert", tmp_path / "cert"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    url = "https://localhost:18443/"
    try:
        s = start(spec_of([
            signal_of("tls", check("a", "tls", port=18443, conditions=["[CERTIFICATE_EXPIRATION] > 168h"])),
            signal_of("tls-soon", check("a", "tls", port=18443, conditions=["[CERTIFICATE_EXPIRATION] > 60d"])),
            signal_of("pinned", check("a", "tls", port=18443, expect=[f"pin:{pin}"])),
            signal_of("other", check("a", "tls", port=18443, expect=["pin:" + "0" * 64])),
            signal_of("any", check("a", "http", target=url, expect=["insecure"])),
            signal_of("page", check("a", "http", target=url, expect=[f"pin:{pin}"])),
            signal_of("untrusted", check("a", "http", target=url)),
        ]))
        want = {"tls": "up", "tls-soon": "down", "pinned": "up", "other": "down", "any": "up", "page": "up",
                "untrusted": "down"}
        wait_for(lambda: {n: c["state"] for n, c in s.signals().items()} == want)
        assert "not trusted" in s.signals()["untrusted"]["message"]
        assert "not the pinned one" in s.signals()["other"]["message"]
        assert b"qs_check_certificate_expiry_seconds{" in s.get("/metrics")[2]
    finally:
        server.kill()
        server.wait()


def test_http_manners(start, web):
    server = web(lambda path: (200, "{}"))
    s = start(spec_of([signal_of("web", check("a", "http", target=f"http://127.0.0.1:{server.port}/"))] +
                      [signal_of(f"later-{i}", pending="later") for i in range(20)]))
    wait_for(lambda: s.state_of("web") == "up")
    status, headers, body = s.get("/api/v1/status")
    assert status == 200 and headers["Access-Control-Allow-Origin"] == "*" and headers["Content-Encoding"] is None
    assert s.get("/api/v1/status", If_None_Match=headers["ETag"])[0] == 304
    assert s.get("/api/v1/status", If_None_Match='"other"')[0] == 200
    status, packed_headers, packed = s.get("/api/v1/status", Accept_Encoding="gzip")
    assert packed_headers["Content-Encoding"] == "gzip" and gzip.decompress(packed) == body
    assert s.get("/api/v1/status", Accept_Encoding="gzip;q=0")[1]["Content-Encoding"] is None
    status, headers, empty = s.get("/api/v1/status", method="HEAD")
    assert status == 200 and empty == b"" and int(headers["Content-Length"]) == len(body)
    assert s.get("/api/v1/status", method="POST")[0] == 405
    assert s.get("/api/v1/status", method="OPTIONS")[0] == 204
    assert s.get("/nothing")[0] == 404
    assert s.get("/healthz")[2] == b"ok\n"
    assert s.get("/api/v1/adrs")[0] == 503
    for page in ("/", "/lab", "/adrs"):
        status, headers, body = s.get(page)
        assert status == 200 and "script-src 'self'" in headers["Content-Security-Policy"]
        assert b"Test &lt;lab&gt;" in body and b"style=" not in body and b"onclick" not in body
    (s.state / "run/adrs.json").write_text(json.dumps({"format": "qs.adrs/1", "counters": {"in_force": 3}, "adrs": []}))
    wait_for(lambda: s.get("/api/v1/adrs")[0] == 200)
    total = sum(len(s.get(path, Accept_Encoding="gzip")[2]) for path in
                ("/", "/static/style.css", "/static/panel.js", "/static/live.js", "/static/time.js", "/static/rack.js"))
    assert total < 60_000


def test_too_many_requests(start):
    s = start(spec_of([signal_of("later", pending="later")]), rate={"per_second": 2, "burst": 5})
    codes = [s.get("/api/v1/status")[0] for _ in range(8)]
    assert codes[:5] == [200] * 5 and 429 in codes
    status, headers, body = s.get("/api/v1/status")
    assert status == 429 and int(headers["Retry-After"]) >= 1 and json.loads(body)["error"]["code"] == "limit"
    assert s.get("/healthz")[0] == 200
    # Behind a trusted proxy every client has a bucket of its own; what an untrusted one adds in front is hearsay.
    assert s.get("/api/v1/status", X_Forwarded_For="192.0.2.7")[0] == 200
    assert s.get("/api/v1/status", Forwarded='for="[2001:db8::1]:99"')[0] == 200
    codes = [s.get("/api/v1/status", X_Forwarded_For=f"192.0.2.{i}, 192.0.2.99")[0] for i in range(8)]
    assert 429 in codes


def test_statuspage_and_metrics(start, web):
    server = web(lambda path: (200, "{}"))
    s = start(spec_of([signal_of("web", check("a", "http", target=f"http://127.0.0.1:{server.port}/")),
                       signal_of("later", pending='says "later"', group="apps")]))
    wait_for(lambda: s.state_of("web") == "up")
    doc = s.doc("/api/v2/summary.json")
    assert doc["status"] == {"indicator": "none", "description": "All Systems Operational"}
    assert set(doc) == {"page", "status", "components", "incidents", "scheduled_maintenances"}
    groups = [c for c in doc["components"] if c["group"]]
    assert [g["name"] for g in groups] == ["apps", "network + hardware"]
    members = {c["id"]: c for c in doc["components"] if not c["group"]}
    assert members["network.web"]["status"] == "operational" and members["network.web"]["group_id"] == "network"
    assert len(members) + len(groups) == len(doc["components"]) == len({c["id"] for c in doc["components"]})
    text = s.get("/metrics")[2].decode()
    assert 'qs_state{kind="signal",name="web",group="network",state="up"} 1' in text
    if shutil.which("promtool"):
        lint = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
        assert lint.returncode == 0, lint.stderr


def test_events_reach_the_browser(start, web):
    answers = {"/": (200, "{}")}
    server = web(lambda path: answers[path])
    s = start(spec_of([signal_of("web", check("a", "http", target=f"http://127.0.0.1:{server.port}/"))]))
    wait_for(lambda: s.state_of("web") == "up")
    with socket.create_connection(("127.0.0.1", s.port)) as stream:
        stream.settimeout(5)
        stream.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        got = b""
        while b"event: hello" not in got:
            got += stream.recv(4096)
        assert b"text/event-stream" in got
        answers["/"] = (500, "")
        while b"event: change" not in got or not got.endswith(b"\n\n\r\n"):
            got += stream.recv(4096)
    event = json.loads(got.split(b"event: change\ndata: ")[1].split(b"\n")[0])
    assert event["format"] == "qs.event/1" and event["component"]["state"] == "down" and event["from"] == "up"


def test_history_outlives_a_kill(start, web):
    answers = {"/": (200, "{}")}
    server = web(lambda path: answers[path])
    spec = spec_of([signal_of("web", check("a", "http", target=f"http://127.0.0.1:{server.port}/"))])
    s = start(spec)
    wait_for(lambda: s.state_of("web") == "up")
    since = s.signals()["web"]["since"]
    answers["/"] = (500, "")
    wait_for(lambda: s.state_of("web") == "down")
    incident = wait_for(lambda: s.doc("/api/v1/incidents")["incidents"])[0]
    assert incident["name"] == "web" and incident["worst"] == "down" and incident["ended"] is None
    down_since = s.signals()["web"]["since"]
    def is_on_disk():
        with contextlib.closing(sqlite3.connect(f"file:{s.state}/status.db?mode=ro", uri=True)) as db:
            return (db.execute("SELECT count(*) FROM incident WHERE ended = 0").fetchone()[0]
                    and db.execute("SELECT state FROM row_state WHERE row LIKE '%web'").fetchone() == ("down",))

    wait_for(is_on_disk)
    s.role.kill()
    s.listener.close()
    s = start(spec)
    wait_for(lambda: s.state_of("web") == "down")
    assert s.signals()["web"]["since"] == down_since >= since
    answers["/"] = (200, "{}")
    wait_for(lambda: s.state_of("web") == "up")
    assert wait_for(lambda: s.doc("/api/v1/incidents")["incidents"][0]["ended"])
    changes = s.doc("/api/v1/changes")["changes"]
    assert [(c["from"], c["to"]) for c in changes if c["name"] == "web"][:2] == [("down", "up"), ("up", "down")]
    assert s.doc("/api/v1/results?name=web")["results"][0]["state"] in ("up", "down")


def test_one_notification_a_change_and_none_in_maintenance(start, web):
    answers = {"/": (200, "{}")}
    asked = []
    server = web(lambda path: asked.append(path) or answers[path])
    hook = web(lambda path: (200, ""))
    mails = []
    mail = socket.create_server(("127.0.0.1", 0))

    def smtp():
        while True:
            try:
                peer, _ = mail.accept()
            except OSError:
                return
            with peer, peer.makefile("rwb") as f:
                def say(line):
                    f.write(line + b"\r\n")
                    f.flush()
                say(b"220 test")
                data = None
                for line in f:
                    if data is not None:
                        data += line
                        if line == b".\r\n":
                            mails.append(data)
                            data = None
                            say(b"250 taken")
                    elif line.upper().startswith(b"DATA"):
                        data = b""
                        say(b"354 go")
                    elif line.upper().startswith(b"QUIT"):
                        say(b"221 bye")
                        break
                    else:
                        say(b"250 ok")

    threading.Thread(target=smtp, daemon=True).start()
    url = f"http://127.0.0.1:{server.port}/"
    notify = [{"kind": "webhook", "url": f"http://127.0.0.1:{hook.port}/hook", "failures": 2, "successes": 1},
              {"kind": "smtp", "url": f"smtp://127.0.0.1:{mail.getsockname()[1]}", "from": "qs@example.org",
               "to": "a@example.org, b@example.org", "failures": 1, "successes": 1}]
    quiet = [{"name": "moving cables", "signals": ["quiet"], "from": "2020-01-01T00:00:00Z",
              "until": "2999-01-01T00:00:00Z"}]
    s = start(spec_of([signal_of("web", check("a", "http", target=url)), signal_of("quiet", check("a", "http", target=url))],
                      notify=notify, maintenance=quiet))
    wait_for(lambda: s.state_of("web") == "up")
    assert s.signals()["quiet"]["state"] == "maintenance" and s.signals()["quiet"]["message"] == "moving cables"
    answers["/"] = (500, "")
    wait_for(lambda: hook.posts and mails)
    before = len(asked)
    wait_for(lambda: len(asked) >= before + 8)  # four more failures of each signal must not be told again
    answers["/"] = (200, "{}")
    wait_for(lambda: len(hook.posts) == 2 and len(mails) == 2)
    assert [p["state"] for p in hook.posts] == ["down", "up"] and {p["signal"] for p in hook.posts} == {"web"}
    assert b"Subject: Test <lab>: web is down" in mails[0] and b"To: a@example.org, b@example.org" in mails[0]
    mail.close()


def test_reload_swaps_the_spec_or_changes_nothing(start, web):
    server = web(lambda path: (200, "{}"))
    web_signal = signal_of("web", check("a", "http", target=f"http://127.0.0.1:{server.port}/"))
    s = start(spec_of([web_signal]))
    wait_for(lambda: s.state_of("web") == "up")
    s.write(spec_of([signal_of("web", check("a", "nonsense"))]))
    s.role.send(RELOAD, s.conf)
    with pytest.raises(RoleFailed) as failed:
        s.role.wait_ready()
    assert "no kind of check is called 'nonsense'" in str(failed.value)
    assert s.state_of("web") == "up"
    s.write(spec_of([web_signal, signal_of("more", pending="later")]))
    s.role.send(RELOAD, s.conf)
    s.role.wait_ready()
    assert s.state_of("web") == "up" and s.state_of("more") == "pending"


def test_thousands_of_checks_keep_their_schedule(start):
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    arrivals = []

    def accept():
        while True:
            try:
                listener.accept()[0].close()
                arrivals.append(time.monotonic())
            except OSError:
                return

    threading.Thread(target=accept, daemon=True).start()
    port = listener.getsockname()[1]
    checks = [check(f"c{i}", "tcp", port=port, interval_ms=2000) for i in range(2000)]
    s = start(spec_of([signal_of("all", *checks)]))
    wait_for(lambda: s.state_of("all") == "up", 15)
    arrivals.clear()
    began = time.monotonic()
    wait_for(lambda: len(arrivals) >= 6000, 30)  # three rounds of two seconds; a starving check would never be through
    listener.close()
    assert time.monotonic() - began > 3, "checks come more often than every two seconds"


def test_a_spec_that_is_wrong_is_refused_by_name(start):
    with pytest.raises(RoleFailed) as failed:
        start(spec_of([signal_of("web", check("page", "http", target="ftp://x"))]))
    assert "'web': check 'page': target 'ftp://x' is not an http:// or https:// URL" in str(failed.value)

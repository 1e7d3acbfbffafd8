"""Both drivers against peers that hang, drip, drop, answer garbage or too much: a clear error, in time, never a crash."""

import json
import socket
import ssl
import threading
import time

import pytest

from driving import Driving, certificate

TIMEOUT_MS = 700


class Peer:
    """Serves each connection with `act(connection)`, in TLS unless act.plain."""

    def __init__(self, folder):
        pin = certificate(folder)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "cert", folder / "key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.driving = Driving(folder, address="127.0.0.1", port=self.listener.getsockname()[1], user="qs",
                               password="x", pin=pin, timeout_ms=TIMEOUT_MS, want=[])
        self.act = None
        self.done = threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        try:
            if not getattr(self.act, "plain", False):
                connection = self.context.wrap_socket(connection, server_side=True)
            self.act(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def drive(self, driver, act):
        self.act = act
        self.done.clear()
        began = time.monotonic()
        reports, status = self.driving.run("observe", driver=driver)
        took = time.monotonic() - began
        self.done.set()
        assert status == 1
        return list(reports.values())[-1], took


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    peer = Peer(tmp_path_factory.mktemp("peer"))
    yield peer
    peer.listener.close()


def http(body, status="200 OK", length=None):
    return (f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body) if length is None else length}\r\n\r\n").encode() + body


def word(text):
    assert len(text) < 128
    return bytes([len(text)]) + text


def sentence(*words):
    return b"".join(word(w) for w in words) + b"\0"


def says(data, linger=False):
    """Answers the first bytes with `data`; then hangs up, or waits for the test to end."""
    def act(connection):
        connection.recv(65536)
        connection.sendall(data)
        if linger:
            PEER_DONE.wait(10)
    return act


def hang(connection):
    PEER_DONE.wait(10)


def no_tls(connection):
    PEER_DONE.wait(10)


no_tls.plain = True


def drip(head, piece):
    def act(connection):
        connection.recv(65536)
        connection.sendall(head)
        while not PEER_DONE.wait(0.1):
            connection.sendall(piece)
    return act


def flood(head, piece):
    def act(connection):
        connection.recv(65536)
        connection.sendall(head)
        while not PEER_DONE.is_set():
            connection.sendall(piece)
    return act


PEER_DONE = None
LOGGED_IN = sentence(b"!done", b".tag=0")

EOS = [
    ("no TLS", no_tls, {"timeout", "unreachable"}),
    ("hangs", hang, {"timeout"}),
    ("drops", says(b""), {"unreachable", "protocol"}),
    ("not HTTP", says(b"SSH-2.0-OpenSSH_9.2\r\n"), {"protocol", "unreachable"}),
    ("cut short", says(http(b"{}", length=1000)), {"unreachable", "protocol"}),
    ("drips", drip(http(b"", length=100000), b" "), {"timeout"}),
    ("not JSON", says(http(b"<html>")), {"protocol"}),
    ("error status", says(http(b"oops", "500 Internal Server Error")), {"protocol"}),
    ("password", says(http(b"no", "401 Unauthorized")), {"denied"}),
    ("one result", says(http(b'{"jsonrpc":"2.0","id":"qs","result":[{}]}')), {"protocol"}),
    ("no configuration", says(http(b'{"id":"qs","result":[{},{},{}]}')), {"protocol"}),
    ("cut configuration", says(http(json.dumps({"id": "qs", "result": [{}, {"output": ""}, {"output": "vlan 10\n"}]})
                                    .encode())), {"protocol"}),
    ("too deep", says(http(b"[" * 5000)), {"protocol"}),
    ("too much", flood(http(b"", length=1 << 30), b" " * 65536), {"limit", "timeout"}),
    ("bad configuration", says(http(json.dumps({"id": "qs", "result": [{}, {"output": ""},
                                                                       {"output": "banner motd\nhi\n"}]}).encode())),
     {"protocol"}),
]
ROUTEROS = [
    ("no TLS", no_tls, {"timeout", "unreachable"}),
    ("hangs", hang, {"timeout"}),
    ("drops", says(b""), {"unreachable"}),
    ("not the API", says(b"SSH-2.0-OpenSSH_9.2\r\n"), {"timeout", "unreachable", "protocol", "limit"}),
    ("reserved byte", says(b"\xff\xff\xff"), {"protocol"}),
    ("huge word", says(b"\xf0\xff\xff\xff\xff" + b"a" * 100), {"limit"}),
    ("endless words", flood(b"", b"\x01a" * 4096), {"limit"}),
    ("drips", drip(b"\x7f", b"a"), {"timeout"}),
    ("fatal", says(sentence(b"!fatal", b"too many connections")), {"protocol"}),
    ("password", says(sentence(b"!trap", b"=message=invalid user name or password (6)", b".tag=0") + LOGGED_IN),
     {"denied"}),
    ("old login", says(sentence(b"!done", b"=ret=ebddd18303a54111e2dea05a92ab46b4", b".tag=0")), {"unsupported"}),
    ("unknown reply", says(sentence(b"!what", b".tag=0")), {"protocol"}),
    ("unknown tag", says(sentence(b"!done", b".tag=99")), {"protocol"}),
    ("no tag", says(sentence(b"!done")), {"protocol"}),
    ("empty sentences", says(b"\0\0\0"), {"protocol"}),
    ("drops after login", says(LOGGED_IN), {"unreachable"}),
    ("hangs after login", says(LOGGED_IN, linger=True), {"timeout"}),
]


@pytest.mark.parametrize("driver, label, act, codes",
                         [("eos", *row) for row in EOS] + [("routeros", *row) for row in ROUTEROS],
                         ids=[f"eos {r[0]}" for r in EOS] + [f"routeros {r[0]}" for r in ROUTEROS])
def test_a_peer_that_misbehaves_is_an_error_in_time(peer, driver, label, act, codes):
    global PEER_DONE
    PEER_DONE = peer.done
    report, took = peer.drive(driver, act)
    assert report["code"] in codes, report
    assert report["msg"].startswith("switch 'device'" if driver == "eos" else "router 'device'"), report
    assert took < 5, took

"""The HTTP server core with clients that others wrote: curl, Python's http.client and wrk, and a crowd of slow ones."""

import http.client
import os
import pathlib
import shutil
import socket
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("QS", ROOT / "build" / "qs")).parent


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="module")
def port():
    made = subprocess.run(["ninja", "-C", BUILD, "bench-http"], capture_output=True, text=True)
    assert made.returncode == 0, made.stdout
    port = free_port()
    server = subprocess.Popen([BUILD / "bench-http", str(port)])
    end = time.monotonic() + 10
    while socket.socket().connect_ex(("127.0.0.1", port)):
        assert time.monotonic() < end, "the server does not listen"
    yield port
    server.terminate()
    assert server.wait(10) == 0


def curl(port, *args, data=None, path="/x.json"):
    done = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", *args, f"http://127.0.0.1:{port}{path}"],
                          input=data, capture_output=True, timeout=20)
    return done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize("args, size, status", [
    ([], 0, "200"),
    (["-I"], 0, "200"),
    (["-0"], 0, "200"),
    (["--http2"], 0, "200"),                               # the upgrade is not taken, the request is
    (["-T", "-"], 900_000, "200"),                         # chunked
    (["-T", "-", "-H", "Expect: 100-continue"], 900_000, "200"),
    (["-T", "-"], 3_000_000, "413"),                       # the refusal arrives though the client still sends
    (["--data-binary", "@-"], 3_000_000, "413"),
    (["-H", "X: " + "x" * 9000], 0, "431"),
    (["-H", "Host:"], 0, "400"),
    (["-H", "Transfer-Encoding: gzip", "-d", "x"], 0, "501"),
])
def test_curl_is_answered(port, args, size, status):
    got, error = curl(port, *args, data=b"\0" * size)
    assert got == status, error


def test_curl_keeps_its_connection(port):
    url = f"http://127.0.0.1:{port}/x.json"
    done = subprocess.run(["curl", "-s", "-w", "%{num_connects} ", "-o", "/dev/null", url, "-o", "/dev/null", url],
                          capture_output=True, text=True, timeout=20)
    assert done.stdout == "1 0 "


def test_http_client_sends_chunks_on_one_connection(port):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for _ in range(3):
        c.request("POST", "/x.json", body=iter([b"abc", b"de"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
        r = c.getresponse()
        assert (r.status, len(r.read())) == (200, 1500)
        assert not r.will_close
    c.close()


def stream(port):
    s = socket.create_connection(("127.0.0.1", port), timeout=10)
    s.sendall(b"GET /sse HTTP/1.1\r\nHost: a\r\n\r\n")
    return s


def read_until(s, want):
    data = b""
    while want not in data:
        part = s.recv(65536)
        assert part, data
        data += part
    return data


def test_every_stream_hears_an_event_and_leavers_do_not_disturb(port):
    streams = [stream(port) for _ in range(300)]
    for s in streams:
        read_until(s, b": hello\n\n")
    for s in streams[::3]:
        s.close()
    stay = [s for i, s in enumerate(streams) if i % 3]
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    end = time.monotonic() + 10
    while True:
        c.request("GET", "/broadcast")
        count = int(c.getresponse().read().split()[0])
        if count == len(stay):
            break
        assert time.monotonic() < end, count
    for s in stay:
        assert b"event: signal\ndata: {" in read_until(s, b"}\n\n")
        s.close()
    c.close()


@pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is missing")
def test_wrk_sees_no_error_beside_slow_clients(port):
    slow = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(100)]
    for s in slow:
        s.sendall(b"GET / HTTP/1.1\r\nHo")
    done = subprocess.run(["wrk", "-t1", "-c50", "-d2s", f"http://127.0.0.1:{port}/x.json"], capture_output=True, text=True)
    assert "requests in" in done.stdout
    assert "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout, done.stdout
    for s in slow:
        s.sendall(b"st: a\r\n\r\n")
        read_until(s, b"not here\n")
        s.close()

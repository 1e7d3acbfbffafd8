"""One switch of the running lab misbehaves between plan and apply: it is named, the other finishes, nothing half stays.

The plan changes `leaf` and `admin`. Each fault hits `leaf`; each test then repairs it and applies once more.
"""
import contextlib
import hashlib
import json
import os
import signal
import ssl
import subprocess
import sys

import pytest

from conftest import ROOT, Lab, need_namespaces, wait_for
from test_faults import changed_lab
from test_up import host_pid

LIAR = """
import socket, ssl, sys
how, cert, key = sys.argv[1:]
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
replies = {"not-http": b"%(!x" * 500, "not-json": b"HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\n\\r\\n<html>",
           "not-eapi": b"HTTP/1.1 200 OK\\r\\nContent-Length: 16\\r\\n\\r\\n{\\"result\\":[1,2]}",
           "cut-short": b"HTTP/1.1 200 OK\\r\\nContent-Length: 900\\r\\n\\r\\n{\\"jsonrpc\\"", "hangs-up": b""}
while True:
    raw, _ = listener.accept()
    try:
        if how == "no-tls":
            raw.sendall(b"hello there, this is no TLS\\r\\n" * 20)
        elif how != "drops":
            with context.wrap_socket(raw, server_side=True) as s:
                s.recv(65536)
                s.sendall(replies[how])
    except OSError:
        pass
    raw.close()
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    need_namespaces()
    folder = tmp_path_factory.mktemp("misbehaving")
    folder.chmod(0o755)
    lab = Lab(folder / "state")
    lab.up()
    yield lab, changed_lab(folder)
    lab.lab = ROOT / "lab"
    lab.qs("down", check=False)


@pytest.fixture
def planned(running, tmp_path):
    """A converged lab and a saved plan that changes leaf and admin, core and edge not."""
    lab, other = running
    lab.lab = ROOT / "lab"
    lab.qs("apply", "--yes")
    lab.lab = other
    saved = tmp_path / "plan.json"
    lab.qs("plan", "--out", saved)
    return lab, saved


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("liar")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=leaf", "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key, hashlib.sha256(ssl.PEM_cert_to_DER_cert(cert.read_text())).hexdigest()


def eapi(lab, target, address, *commands, form="json"):
    """What the switch answers to an administrator who is not qs."""
    known = lab.credentials(target)
    ask = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "runCmds",
                      "params": {"version": 1, "format": form, "cmds": ["enable", *commands]}})
    done = lab.in_network("curl", "-sk", "-u", f"{known['user']}:{known['password']}", "--data-binary", ask,
                          f"https://{address}/command-api")
    reply = json.loads(done.stdout)
    assert "error" not in reply, reply
    return reply["result"][1:]


def on_leaf(lab, *commands, form="json"):
    return eapi(lab, "leaf", "10.0.0.12", *commands, form=form)


def running_config(lab):
    return on_leaf(lab, "show running-config", form="text")[0]["output"]


def sessions(lab):
    return on_leaf(lab, "show configuration sessions")[0]["sessions"]


@contextlib.contextmanager
def told_otherwise(lab, **changes):
    """The executor is told something else about leaf."""
    path = lab.state / "credentials.json"
    right = path.read_text()
    doc = json.loads(right)
    doc["targets"]["leaf"].update(changes)
    path.write_text(json.dumps(doc))
    try:
        yield
    finally:
        path.write_text(right)


@contextlib.contextmanager
def liar(lab, how, certificate):
    """A server in qs's own network that answers in leaf's place."""
    user = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
    pid = (lab.state / "run" / "pid").read_text().strip()
    cert, key, pin = certificate
    server = subprocess.Popen(["nsenter", "-t", pid, *user, "-n", sys.executable, "-c", LIAR, how, cert, key],
                              stdout=subprocess.PIPE, text=True)
    try:
        with told_otherwise(lab, address="127.0.0.1", port=int(server.stdout.readline()), pin=pin):
            yield
    finally:
        server.kill()
        server.wait()


def apply_fails_on_leaf_alone(lab, saved):
    """Applies the plan; returns what was said about leaf."""
    done = lab.qs("apply", saved, "--json", check=False, timeout=90)
    assert done.returncode == 1
    result = json.loads(done.stdout)
    states = {t["name"]: t["state"] for t in result["targets"]}
    assert states == {"admin": "done", "leaf": "failed", "core": "unchanged", "edge": "unchanged"}, (result, done.stderr)
    error = next(t for t in result["targets"] if t["name"] == "leaf")["error"]
    assert "leaf" in done.stderr
    return error["message"]


def then_all_is_well(lab):
    lab.qs("apply", "--yes")
    assert lab.qs("plan", "--detailed-exitcode").stdout.startswith("No changes")
    assert all(t["state"] == "in-sync" for t in lab.json("drift")["targets"])


def test_a_switch_that_hangs(planned):
    lab, saved = planned
    before, pid = running_config(lab), host_pid(lab, lab.roles()["leaf"]["pid"])
    os.kill(pid, signal.SIGSTOP)
    try:
        assert "switch 'leaf'" in apply_fails_on_leaf_alone(lab, saved)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: lab.qs("plan", check=False).returncode == 0, what="leaf answers again")
    assert running_config(lab) == before
    then_all_is_well(lab)


@pytest.mark.parametrize("changes,said", [
    ({"pin": "00" * 32}, "is not the pinned 0000000000000000"),
    ({"password": "wrong"}, "refused the user name or the password"),
], ids=["wrong-certificate", "wrong-password"])
def test_a_switch_that_is_another_or_knows_us_not(planned, changes, said):
    lab, saved = planned
    before = running_config(lab)
    with told_otherwise(lab, **changes):
        message = apply_fails_on_leaf_alone(lab, saved)
    assert "switch 'leaf'" in message and said in message
    assert running_config(lab) == before
    then_all_is_well(lab)


@pytest.mark.parametrize("how", ["drops", "no-tls", "hangs-up", "not-http", "not-json", "not-eapi", "cut-short"])
def test_a_switch_that_drops_us_or_answers_garbage(planned, certificate, how):
    lab, saved = planned
    before = running_config(lab)
    with liar(lab, how, certificate):
        assert "switch 'leaf'" in apply_fails_on_leaf_alone(lab, saved)
    assert running_config(lab) == before
    then_all_is_well(lab)


@pytest.mark.parametrize("by_hand,said,undo", [
    ([f"configure session hand{n}|vlan 7{n}" for n in range(5)], "Maximum number of pending sessions",
     [f"configure session hand{n} abort" for n in range(5)]),
    (["configure session hand|commit timer 00:10:00"], "has a pending commit timer", ["configure session hand abort"]),
], ids=["too-many-sessions", "someone-elses-timer"])
def test_a_switch_that_rejects_a_command(running, tmp_path, by_hand, said, undo):
    lab, other = running
    lab.lab = ROOT / "lab"
    lab.qs("apply", "--yes")
    lab.lab = other
    for line in by_hand:
        on_leaf(lab, *line.split("|"))
    try:
        saved = tmp_path / "plan.json"
        lab.qs("plan", "--out", saved)
        before, pending = running_config(lab), set(sessions(lab))
        message = apply_fails_on_leaf_alone(lab, saved)
        assert "switch 'leaf'" in message and said in message
        assert running_config(lab) == before
        assert {n for n, s in sessions(lab).items() if n not in pending and s["state"] != "aborted"} == set()
    finally:
        for line in undo:
            on_leaf(lab, line)
    then_all_is_well(lab)


CUTTER = """
import socket, sys, threading
listener = socket.create_server(("127.0.0.1", 443)) # the driver refuses to move the API from the port that it came by
print("listening", flush=True)
left, lock = int(sys.argv[2]), threading.Lock()

def is_cut(count):
    global left
    with lock:
        before, left = left, left - count
        return before > 0 >= left

def carry(source, to, counted):
    try:
        while (data := source.recv(65536)) and not (counted and is_cut(len(data))):
            to.sendall(data)
    except OSError:
        pass
    for s in source, to:
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

while True:
    near, _ = listener.accept()
    far = socket.create_connection((sys.argv[1], 443))
    threading.Thread(target=carry, args=(near, far, True), daemon=True).start()
    threading.Thread(target=carry, args=(far, near, False), daemon=True).start()
"""


def test_a_connection_cut_at_any_place_leaves_all_or_nothing(running, tmp_path):
    lab, other = running
    outcomes = set()
    user = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
    pid = (lab.state / "run" / "pid").read_text().strip()
    for after_bytes in range(300, 3000, 190):
        lab.lab = ROOT / "lab"
        lab.qs("apply", "--yes")
        before = running_config(lab)
        lab.lab = other
        saved = tmp_path / "plan.json"
        lab.qs("plan", "--out", saved)
        cutter = subprocess.Popen(["nsenter", "-t", pid, *user, "-n", sys.executable, "-c", CUTTER, "10.0.0.12", str(after_bytes)],
                                  stdout=subprocess.PIPE, text=True)
        try:
            assert cutter.stdout.readline() == "listening\n"
            with told_otherwise(lab, address="127.0.0.1"):
                done = lab.qs("apply", saved, "--json", check=False, timeout=90)
        finally:
            cutter.kill()
            cutter.wait()
        states = {t["name"]: t["state"] for t in json.loads(done.stdout)["targets"]}
        assert states["admin"] == "done"
        if states["leaf"] == "failed":
            assert "switch 'leaf'" in done.stderr
            assert running_config(lab) == before, after_bytes
        else:
            assert states["leaf"] == "done"
            assert "spare" in running_config(lab)
        outcomes.add(states["leaf"])
        then_all_is_well(lab)
    assert outcomes == {"failed", "done"}


def test_a_plan_of_an_earlier_life_of_the_lab_is_stale(planned):
    lab, saved = planned
    wanted, lab.lab = lab.lab, ROOT / "lab"
    lab.qs("down")
    lab.up()
    before = running_config(lab)
    lab.lab = wanted
    refused = lab.qs("apply", saved, check=False)
    assert refused.returncode == 1
    assert "leaf: the plan is stale: the device changed since it was made" in refused.stderr
    assert running_config(lab) == before
    then_all_is_well(lab)

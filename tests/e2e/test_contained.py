"""What `qs up` leaves behind, however it ends: no process, no mount, no interface."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

from conftest import keep_root, share_root

ROOT = pathlib.Path(__file__).resolve().parents[2]
QS = os.environ.get("QS", str(ROOT / "build" / "qs"))


def qs(state, verb, *args):
    return subprocess.run([QS, verb, "--state", str(state), *args], cwd=ROOT, capture_output=True, text=True, timeout=240)


def up(state):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    done = qs(state, "up", "--detach", "--port", str(port))
    if "user namespace" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return int((state / "run" / "pid").read_text())


def wait_for(what, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what.__doc__ or what}")


def user_namespace(pid):
    try:
        return os.readlink(f"/proc/{pid}/ns/user")
    except OSError:
        return None


def members(namespace):
    """Host pids of all that lives in a user namespace."""
    return [int(p.name) for p in pathlib.Path("/proc").glob("[0-9]*") if user_namespace(p.name) == namespace]


def machine():
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    return pathlib.Path("/proc/self/mounts").read_text(), sorted(re.findall(r"^\d+: ([^:@]+)", links, re.M))


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    folder = tmp_path_factory.mktemp("state")
    share_root(folder)
    yield folder
    keep_root(folder)
    qs(folder, "down")


@pytest.fixture
def lab(state):
    """A running lab; gives (container pid 1, its user namespace, what the machine looked like before)."""
    before = machine()
    pid = up(state)
    yield pid, user_namespace(pid), before
    qs(state, "down")


def assert_nothing_is_left(namespace, before):
    def gone():
        """the last process of the container is reaped"""
        return not members(namespace)

    wait_for(gone)
    assert machine() == before


def roles(state):
    return {r["name"]: r for r in json.loads(qs(state, "twin", "list", "--json").stdout)["roles"]}


def test_down_leaves_the_built_root_and_nothing_else(state, lab):
    _, namespace, before = lab
    assert len(members(namespace)) > 10
    assert qs(state, "down").returncode == 0
    assert_nothing_is_left(namespace, before)
    assert not {"run", "twin", "lock", "credentials.json"} & {p.name for p in state.iterdir()}
    assert (state / "roots" / "base.tar").exists()


def test_kill_9_of_the_process_on_the_host_ends_everything(state, lab):
    pid, namespace, before = lab
    host = int(re.search(r"^PPid:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)[1])
    os.kill(host, signal.SIGKILL)
    assert_nothing_is_left(namespace, before)
    assert "leftovers are cleared" in qs(state, "down").stderr


def test_kill_9_of_all_at_once_and_the_next_start(state, lab):
    _, namespace, before = lab
    for pid in members(namespace):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # gone with its pid 1 already
    assert_nothing_is_left(namespace, before)
    again = user_namespace(up(state))
    assert qs(state, "down").returncode == 0
    assert_nothing_is_left(again, before)


def test_a_killed_node_comes_back_and_the_others_do_not_notice(state, lab):
    pid, namespace, _ = lab
    was = roles(state)
    node = next(n for n, r in was.items() if r["role"] == "twin-node")
    inside = was[node]["pid"]
    host = next(p for p in members(namespace)
                if re.search(rf"^NSpid:.*\t{inside}$", pathlib.Path(f"/proc/{p}/status").read_text(), re.M)
                and pathlib.Path(f"/proc/{p}/comm").read_text() == "twin-node\n")
    os.kill(host, signal.SIGKILL)

    def back():
        """the node is ready again"""
        now = roles(state)[node]
        return now["restarts"] == 1 and now["state"] == "ready"

    wait_for(back)
    now = roles(state)
    assert {n: r["pid"] for n, r in now.items() if n != node} == {n: r["pid"] for n, r in was.items() if n != node}
    address = now[node]["detail"].split()[-1]
    banner = qs(state, "twin", "exec", node, "--", "ssh-keyscan", "-t", "ed25519", address)
    assert f"{address} ssh-ed25519 " in banner.stdout, banner.stderr

"""Shared by the end-to-end tests: the binary, a running lab, and waiting for facts with a deadline."""
import json
import os
import pathlib
import socket
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
QS = pathlib.Path(os.environ.get("QS", ROOT / "build" / "qs"))
# The Debian root takes half a minute to build; all labs of a test run share one.
CACHE = pathlib.Path(os.environ.get("QS_TEST_CACHE", "/var/tmp/qs-test-roots"))


def pytest_configure(config):
    config.addinivalue_line("markers", "heavy: too long for make check; make check-all runs it")


def wait_for(fact, timeout=30.0, what="the fact"):
    """Polls `fact` until it gives something true; fails with the last value after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = fact()
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come true within {timeout:.0f} s; last: {value!r}")
        time.sleep(0.05)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def share_root(state):
    """Gives a state folder the Debian root that an earlier lab built, if one did."""
    (state / "roots").mkdir(parents=True, exist_ok=True)
    for file in CACHE.glob("base.*"):
        if not (state / "roots" / file.name).exists():
            subprocess.run(["cp", "--reflink=auto", file, state / "roots" / file.name], check=True)


def keep_root(state):
    """Keeps what this lab built for the ones after it; a root of an older recipe is replaced."""
    recipe = state / "roots" / "base.recipe"
    if recipe.exists() and not ((CACHE / recipe.name).exists() and (CACHE / recipe.name).read_bytes() == recipe.read_bytes()):
        CACHE.mkdir(parents=True, exist_ok=True)
        for file in (state / "roots").glob("base.*"):
            subprocess.run(["cp", "--reflink=auto", file, CACHE / file.name], check=True)


class Lab:
    """One state folder and the lab that runs from it."""

    def __init__(self, state, lab=ROOT / "lab"):
        self.state, self.lab, self.port = pathlib.Path(state), pathlib.Path(lab), free_port()

    def qs(self, *args, check=True, timeout=300, env=None):
        done = subprocess.run([QS, *args, "--state", self.state, "--lab", self.lab, "--no-input"],
                              capture_output=True, text=True, timeout=timeout, env=os.environ | (env or {}))
        if check and done.returncode:
            log = self.state / "run" / "qs.log"
            tail = log.read_text(errors="replace")[-4000:] if log.exists() else ""
            pytest.fail(f"qs {' '.join(map(str, args))}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}\n{tail}")
        return done

    def json(self, *args, **kw):
        return json.loads(self.qs(*args, "--json", **kw).stdout)

    def up(self, *args, **kw):
        share_root(self.state)
        done = self.qs("up", "--detach", "--port", str(self.port), *args, **kw)
        keep_root(self.state)
        return done

    def inside(self, part, *command, timeout=60):
        """Runs a program of the Debian root in the network of a part."""
        return subprocess.run([QS, "twin", "exec", "--state", self.state, part, "--", *command],
                              capture_output=True, text=True, timeout=timeout)

    def in_network(self, *command, timeout=60):
        """Runs a program of this machine in qs's own network, where the devices' management ports are."""
        user = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
        pid = (self.state / "run" / "pid").read_text().strip()
        return subprocess.run(["nsenter", "-t", pid, *user, "-n", *command], capture_output=True, text=True, timeout=timeout)

    def signals(self):
        doc = json.loads(self.qs("platform", "status", "--json").stdout)
        return {s["name"]: s for g in doc["groups"] for s in g["components"]}

    def roles(self):
        return {r["name"]: r for r in self.json("twin", "list")["roles"]}

    def credentials(self, target):
        return json.loads((self.state / "credentials.json").read_text())["targets"][target]


def need_namespaces():
    if subprocess.run(["unshare", "-Urn", "true"], capture_output=True).returncode:
        pytest.skip("skipped: this machine grants no user namespaces")


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """The reference lab, up and converged, shared by all tests that leave it as they found it."""
    need_namespaces()
    folder = tmp_path_factory.mktemp("lab")
    folder.chmod(0o755)
    one = Lab(folder)
    one.up()
    yield one
    one.qs("down")


@pytest.fixture
def fresh_lab(tmp_path):
    """A lab of the test's own, not started."""
    need_namespaces()
    one = Lab(tmp_path / "state")
    yield one
    one.qs("down", check=False)

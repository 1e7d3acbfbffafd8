"""The eos driver against the emulated switch: converge, second run without a change, drift by hand, refusals, the commit
timer, orphans, and a kill at every request."""

import hashlib
import json
import os
import pathlib
import ssl
import subprocess
import time

import pytest

from ipc import Role
from netns import Namespace, cable, return_net, unshare_net

pyeapi = pytest.importorskip("pyeapi")
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("QS_BINARY", str(ROOT / "build" / "qs"))).parent
PASSWORD = "correct-horse"
ADDRESS = "10.0.0.11"
CONVERGE = ["observe", "plan", "apply", "confirm"]


class Switch:
    def __init__(self, state):
        self.state = state
        self.home = unshare_net()
        self.ns = Namespace()
        self.role = None
        self.errors = open(state / "stderr", "w+")
        cable(None, "oob", self.ns, "ma1")
        subprocess.run(["ip", "addr", "add", "10.0.0.2/24", "dev", "oob"], check=True)
        subprocess.run(["ip", "link", "set", "oob", "up"], check=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", state / "key", "-out", state / "cert", "-subj", "/CN=core", "-days", "2"],
                       check=True, capture_output=True)
        der = ssl.PEM_cert_to_DER_cert((state / "cert").read_text())
        self.pin = hashlib.sha256(der).hexdigest()

    def start(self, version="4.28.3M"):
        """First contact: nothing but the way in."""
        self.stop()
        box = self.state / f"box{time.monotonic_ns()}"
        conf = {"name": "core", "model": "DCS-7050QX-32-R", "version": version, "serial": "QS1",
                "mac": "02:00:00:00:01:01", "credentials": {"user": "qs", "password": PASSWORD},
                "management": {"port": "Management1", "link": "ma1",
                               "addresses": [ADDRESS + "/24", "fd51:7a3e:9c00::11/64"]},
                "ports": [{"name": f"Ethernet{n}"} for n in range(1, 33)], "state": str(box), "port": 443,
                "tls": {"cert": (self.state / "cert").read_text(), "key": (self.state / "key").read_text()}}
        self.role = Role(str(BUILD / "qs"), "twin-switch", conf, prefix=self.ns.prefix, stderr=self.errors)
        self.role.wait_ready()

    def stop(self):
        if self.role:
            self.role.stop()
        self.role = None

    def end(self):
        self.stop()
        self.ns.end()
        self.errors.close()
        return_net(self.home)

    def conf(self, **more):
        conf = {"driver": "eos", "address": ADDRESS, "user": "qs", "password": PASSWORD, "pin": self.pin,
                "commit_timer_s": 30, "lab": {"folder": "lab", "site": "twin", "device": "core"}}
        conf.update(more)
        path = self.state / "drive.json"
        path.write_text(json.dumps(conf))
        return path

    def drive(self, *steps, env=None, **more):
        """Runs the steps; gives their reports by name, and the exit status."""
        done = subprocess.run([BUILD / "drive", self.conf(**more), *steps], cwd=ROOT, capture_output=True, text=True,
                              timeout=60, env={**os.environ, **(env or {})})
        assert "Sanitizer" not in done.stderr, done.stderr
        reports = {}
        for line in done.stdout.splitlines():
            report = json.loads(line)
            reports[report["step"]] = report
        return reports, done.returncode

    def changes(self):
        reports, status = self.drive("observe", "plan")
        assert status == 0, reports
        return [(c["action"], c["type"], c["name"]) for c in reports["plan"]["changes"]]

    def node(self):
        connection = pyeapi.client.connect(transport="https", host=ADDRESS, username="qs", password=PASSWORD,
                                           port=443, timeout=10)
        return pyeapi.client.Node(connection)

    def by_hand(self, *lines):
        node = self.node()
        node.configure_session()
        node.config(list(lines))
        node.commit()

    def show(self, command):
        return self.node().run_commands([command], encoding="text")[0]["output"]


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    box = Switch(tmp_path_factory.mktemp("eos"))
    try:
        yield box
    finally:
        box.end()


@pytest.fixture
def switch(box):
    box.start()
    return box


def test_a_fresh_switch_becomes_what_the_lab_says_and_stays_so(switch):
    reports, status = switch.drive(*CONVERGE)
    assert status == 0, list(reports.values())[-1]
    assert reports["plan"]["changes"]
    assert switch.changes() == []


def test_what_somebody_changed_by_hand_is_named_and_undone(switch):
    assert switch.drive(*CONVERGE)[1] == 0
    switch.by_hand("no vlan 30", "username eve role network-admin secret letmein1", "interface Ethernet5",
                   "no shutdown", "switchport access vlan 20", "exit")
    assert sorted(switch.changes()) == [("create", "vlan", "30"), ("delete", "interface", "Ethernet5"),
                                        ("delete", "user", "eve")]
    assert switch.drive(*CONVERGE)[1] == 0
    assert switch.changes() == []


def test_lines_that_no_row_covers_are_foreign_and_stay(switch):
    switch.by_hand("logging host 10.0.10.5")
    reports, _ = switch.drive("observe")
    assert "logging host 10.0.10.5" in reports["observe"]["foreign"]
    assert switch.drive(*CONVERGE)[1] == 0
    assert "logging host 10.0.10.5" in switch.show("show running-config")


@pytest.mark.parametrize("version", ["4.28.3M", "4.32.1F"])
def test_a_change_that_nobody_confirms_goes_away(box, version):
    box.start(version)
    before = box.show("show running-config")
    _, status = box.drive("observe", "plan", "apply", commit_timer_s=1)
    assert status == 0
    end = time.monotonic() + 5
    while box.show("show running-config") != before:
        assert time.monotonic() < end, "the old configuration did not come back"
        time.sleep(0.1)


@pytest.mark.parametrize("version", ["4.28.3M", "4.32.1F"])
def test_revert_undoes_what_a_dead_process_left(box, version):
    box.start(version)
    before = box.show("show running-config")
    assert box.drive("observe", "plan", "apply")[1] == 0
    assert box.show("show running-config") != before
    box.node().run_commands(["configure session ada", "vlan 999", "end"], encoding="text")
    reports, status = box.drive("revert", "observe", "plan")
    assert status == 0, reports
    assert box.show("show running-config") == before
    assert "ada" in box.show("show configuration sessions")


def test_a_confirm_that_comes_too_late_says_so(switch):
    before = switch.show("show running-config")
    with subprocess.Popen([BUILD / "drive", switch.conf(commit_timer_s=1), "observe", "plan", "apply", "hold",
                           "confirm"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
        for line in p.stdout:
            if json.loads(line)["step"] == "apply":
                break
        end = time.monotonic() + 5
        while switch.show("show running-config") != before and time.monotonic() < end:
            time.sleep(0.1)
        out, _ = p.communicate("go\n", timeout=20)
    last = json.loads(out.splitlines()[-1])
    assert (last["step"], last["code"]) == ("confirm", "conflict")
    assert "commit timer ran out" in last["msg"]


def test_confirming_twice_is_once(switch):
    reports, status = switch.drive(*CONVERGE, "confirm")
    assert status == 0, reports
    assert "hostname core" in switch.show("show startup-config")


def test_a_change_of_somebody_else_since_the_observation_is_a_conflict(switch):
    with subprocess.Popen([BUILD / "drive", switch.conf(), "observe", "plan", "hold", "apply"], cwd=ROOT,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
        for line in p.stdout:
            if json.loads(line)["step"] == "plan":
                break
        switch.by_hand("vlan 777", "exit")
        out, _ = p.communicate("go\n", timeout=20)
    last = json.loads(out.splitlines()[-1])
    assert (last["step"], last["code"]) == ("apply", "conflict")
    assert "vlan 777" in switch.show("show running-config")
    assert "qs-TEST" not in switch.show("show configuration sessions")


def test_a_refused_line_is_named_and_nothing_of_the_plan_stays(switch):
    before = switch.show("show running-config")
    reports, _ = switch.drive("observe")
    want = [r for r in reports["observe"]["have"] if r["type"] != "vlan"]
    want.append({"type": "vlan", "name": "10", "attrs": {"name": "fine"}})
    want.append({"type": "interface", "name": "Ethernet99", "attrs": {"enabled": True}})
    for r in want:
        r["attrs"].pop("secret", None)
    reports, status = switch.drive("observe", "plan", "apply", want=want, lab=None)
    assert status == 1
    assert reports["apply"]["code"] == "refused"
    assert "'interface Ethernet99'" in reports["apply"]["msg"]
    assert switch.show("show running-config") == before
    assert "qs-TEST" not in switch.show("show configuration sessions")


def test_a_plan_that_cuts_our_own_way_is_refused_untouched(switch):
    before = switch.show("show running-config")
    reports, status = switch.drive("observe", "plan", "apply", lab=None, want=[])
    assert status == 1
    assert reports["apply"]["code"] == "denied"
    assert switch.show("show running-config") == before


@pytest.mark.parametrize("more, code", [
    ({"password": "wrong"}, "denied"),
    ({"pin": "0" * 64}, "denied"),
    ({"pin": None}, "denied"),
    ({"address": "10.0.0.99", "timeout_ms": 500}, "unreachable"),
])
def test_a_wrong_way_in_is_told_apart(switch, more, code):
    reports, status = switch.drive("observe", **more)
    last = list(reports.values())[-1]
    assert status == 1
    assert last["code"] == code or (code == "unreachable" and last["code"] == "timeout"), last


def configuration(box):
    """The running configuration but for the user's secret, whose salt is another on every fresh box."""
    return [line for line in box.show("show running-config").splitlines() if not line.startswith("username qs ")]


def test_a_kill_at_any_request_leads_to_the_same_end(box, tmp_path):
    box.start()
    points = tmp_path / "points"
    assert box.drive(*CONVERGE, env={"QS_FAULT_COUNT": str(points)})[1] == 0
    count = len(points.read_text().splitlines())
    clean = configuration(box)
    assert count >= 10
    for n in range(1, count + 1):
        box.start()
        assert box.drive(*CONVERGE, env={"QS_FAULT": str(n)})[1] != 0
        reports, status = box.drive("revert", *CONVERGE)
        assert status == 0, (n, list(reports.values())[-1])
        assert box.changes() == [], n
        assert configuration(box) == clean, n

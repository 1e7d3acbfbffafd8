"""The eos driver against the emulated switch: converge, second run without a change, drift by hand, refusals, the commit
timer, orphans, and a kill at every request."""

import os
import subprocess
import time

import pytest

from driving import CONVERGE, QS, Driving, certificate
from ipc import Role
from netns import Namespace, cable, return_net, unshare_net

pyeapi = pytest.importorskip("pyeapi")
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")

PASSWORD = "correct-horse"
ADDRESS = "10.0.0.11"


class Switch(Driving):
    def __init__(self, state):
        self.pin = certificate(state)
        super().__init__(state, driver="eos", address=ADDRESS, user="qs", password=PASSWORD, pin=self.pin,
                         commit_timer_s=30, lab={"folder": "lab", "site": "twin", "device": "core"})
        self.state = state
        self.home = unshare_net()
        self.ns = Namespace()
        self.role = None
        self.errors = open(state / "stderr", "w+")
        cable(None, "oob", self.ns, "ma1")
        subprocess.run(["ip", "addr", "add", "10.0.0.2/24", "dev", "oob"], check=True)
        subprocess.run(["ip", "link", "set", "oob", "up"], check=True)

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
        self.role = Role(QS, "twin-switch", conf, prefix=self.ns.prefix, stderr=self.errors)
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
    assert switch.converge()["plan"]["changes"]
    assert switch.changes() == []


def test_what_somebody_changed_by_hand_is_named_and_undone(switch):
    switch.converge()
    switch.by_hand("no vlan 30", "username eve role network-admin secret letmein1", "interface Ethernet5",
                   "no shutdown", "switchport access vlan 20", "exit")
    assert sorted(switch.changes()) == [("create", "vlan", "30"), ("delete", "interface", "Ethernet5"),
                                        ("delete", "user", "eve")]
    switch.converge()
    assert switch.changes() == []


def test_lines_that_no_row_covers_are_foreign_and_stay(switch):
    switch.by_hand("logging host 10.0.10.5")
    reports, _ = switch.run("observe")
    assert "logging host 10.0.10.5" in reports["observe"]["foreign"]
    switch.converge()
    assert "logging host 10.0.10.5" in switch.show("show running-config")


@pytest.mark.parametrize("version", ["4.28.3M", "4.32.1F"])
def test_a_change_that_nobody_confirms_goes_away(box, version):
    box.start(version)
    before = box.show("show running-config")
    _, status = box.run("observe", "plan", "apply", commit_timer_s=1)
    assert status == 0
    end = time.monotonic() + 5
    while box.show("show running-config") != before:
        assert time.monotonic() < end, "the old configuration did not come back"
        time.sleep(0.1)


@pytest.mark.parametrize("version", ["4.28.3M", "4.32.1F"])
def test_revert_undoes_what_a_dead_process_left(box, version):
    box.start(version)
    before = box.show("show running-config")
    assert box.run("observe", "plan", "apply")[1] == 0
    assert box.show("show running-config") != before
    box.node().run_commands(["configure session ada", "vlan 999", "end"], encoding="text")
    reports, status = box.run("revert", "observe", "plan")
    assert status == 0, reports
    assert box.show("show running-config") == before
    assert "ada" in box.show("show configuration sessions")


def test_a_confirm_that_comes_too_late_says_so(switch):
    before = switch.show("show running-config")
    with switch.held("observe", "plan", "apply", then=["confirm"], commit_timer_s=1) as last:
        end = time.monotonic() + 5
        while switch.show("show running-config") != before and time.monotonic() < end:
            time.sleep(0.1)
    assert (last[0]["step"], last[0]["code"]) == ("confirm", "conflict")
    assert "commit timer ran out" in last[0]["msg"]


def test_confirming_twice_is_once(switch):
    reports, status = switch.run(*CONVERGE, "confirm")
    assert status == 0, reports
    assert "hostname core" in switch.show("show startup-config")


def test_a_change_of_somebody_else_since_the_observation_is_a_conflict(switch):
    with switch.held("observe", "plan", then=["apply"]) as last:
        switch.by_hand("vlan 777", "exit")
    assert (last[0]["step"], last[0]["code"]) == ("apply", "conflict")
    assert "vlan 777" in switch.show("show running-config")
    assert "qs-TEST" not in switch.show("show configuration sessions")


def test_a_refused_line_is_named_and_nothing_of_the_plan_stays(switch):
    before = switch.show("show running-config")
    reports, _ = switch.run("observe")
    want = [r for r in reports["observe"]["have"] if r["type"] != "vlan"]
    want.append({"type": "vlan", "name": "10", "attrs": {"name": "fine"}})
    want.append({"type": "interface", "name": "Ethernet99", "attrs": {"enabled": True}})
    for r in want:
        r["attrs"].pop("secret", None)
    reports, status = switch.run("observe", "plan", "apply", want=want, lab=None)
    assert status == 1
    assert reports["apply"]["code"] == "refused"
    assert "'interface Ethernet99'" in reports["apply"]["msg"]
    assert switch.show("show running-config") == before
    assert "qs-TEST" not in switch.show("show configuration sessions")


def test_a_plan_that_cuts_our_own_way_is_refused_untouched(switch):
    before = switch.show("show running-config")
    reports, status = switch.run("observe", "plan", "apply", lab=None, want=[])
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
    reports, status = switch.run("observe", **more)
    last = list(reports.values())[-1]
    assert status == 1
    assert last["code"] == code or (code == "unreachable" and last["code"] == "timeout"), last


def test_a_kill_at_any_request_leads_to_the_same_end(box, tmp_path):
    def end_state():  # but for the user's secret, whose salt is another on every fresh box
        return [line for line in box.show("show running-config").splitlines() if not line.startswith("username qs ")]

    box.every_kill(box.start, end_state, tmp_path / "points")

"""The routeros driver against the emulated router: converge, second run without a change, order, drift by hand,
refusals, safe mode, and a kill at every request."""

import os
import shutil
import ssl
import subprocess
import time

import pytest

from driving import CONVERGE, QS, Driving, certificate
from ipc import Role
from netns import Namespace, cable, return_net, unshare_net

librouteros = pytest.importorskip("librouteros")
pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("nft"), reason="needs root and nft")

PASSWORD = "correct-horse"
ADDRESS = "10.0.0.14"
PORTS = ["ether1", "ether2", "ether3", "ether4"]
VOLATILE = (".id", "running", "active", "immediate-gw", "mac-address", "orig-mac-address")
MENUS = ["/interface", "/ip/address", "/ipv6/address", "/ip/route", "/ipv6/route", "/ip/firewall/filter",
         "/ipv6/firewall/filter", "/ip/firewall/nat", "/ipv6/firewall/nat", "/ip/firewall/address-list",
         "/ipv6/firewall/address-list", "/ip/service", "/user", "/system/identity"]


class Router(Driving):
    def __init__(self, state):
        super().__init__(state, driver="routeros", address=ADDRESS, user="qs", password=PASSWORD,
                         pin=certificate(state), lab={"folder": "lab", "site": "twin", "device": "edge"})
        self.state = state
        self.home = unshare_net()
        self.role = self.ns = None
        self.errors = open(state / "stderr", "w+")

    def start(self, version="7.18.2"):
        """First contact: nothing but the way in, in a namespace of its own."""
        self.stop()
        self.ns = Namespace()
        cable(None, "oob", self.ns, "ether5")
        subprocess.run(["ip", "addr", "add", "10.0.0.2/24", "dev", "oob"], check=True)
        subprocess.run(["ip", "link", "set", "oob", "up"], check=True)
        for port in PORTS:
            self.ns.run("ip", "link", "add", port, "type", "veth", "peer", "name", f"far-{port}")
        conf = {"name": "edge", "model": "R630-RouterOS", "version": version,
                "credentials": {"user": "qs", "password": PASSWORD},
                "management": {"port": "ether5", "link": "ether5",
                               "addresses": [ADDRESS + "/24", "fd51:7a3e:9c00::14/64"]},
                "ports": [{"name": p, "link": p} for p in PORTS],
                "state": str(self.state / f"box{time.monotonic_ns()}"), "root": "",
                "tls": {"cert": (self.state / "cert").read_text(), "key": (self.state / "key").read_text()}}
        self.role = Role(QS, "twin-router", conf, prefix=self.ns.prefix, stderr=self.errors)
        self.role.wait_ready()

    def stop(self):
        if self.role:
            self.role.stop()
            self.ns.end()
            subprocess.run(["ip", "link", "del", "oob"], check=False, capture_output=True)
        self.role = None

    def end(self):
        self.stop()
        self.errors.close()
        return_net(self.home)

    def api(self):
        context = ssl.create_default_context(cafile=self.state / "cert")
        context.check_hostname = False
        return librouteros.connect(ADDRESS, "qs", PASSWORD, port=8729, timeout=5, ssl_wrapper=context.wrap_socket)

    def state_text(self):
        """Everything static, in the order of the tables where there is one."""
        api = self.api()
        text = []
        for menu in MENUS:
            rows = [sorted((k, str(v)) for k, v in row.items() if k not in VOLATILE)
                    for row in api.path(*menu.strip("/").split("/")) if not row.get("dynamic")]
            text += [(menu, row) for row in (rows if "filter" in menu or "nat" in menu else sorted(rows))]
        api.close()
        return text

    def comments(self, *menu):
        api = self.api()
        names = [row.get("comment") for row in api.path(*menu) if not row.get("dynamic")]
        api.close()
        return names


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    box = Router(tmp_path_factory.mktemp("routeros"))
    try:
        yield box
    finally:
        box.end()


@pytest.fixture
def router(box):
    box.start()
    return box


def test_a_fresh_router_becomes_what_the_lab_says_and_stays_so(router):
    assert router.converge()["plan"]["changes"]
    assert router.changes() == []
    names = router.comments("ip", "firewall", "filter")
    assert names[0] == "input-established" and names[-1] == "forward-rest"


def test_what_somebody_changed_by_hand_is_named_and_undone(router):
    router.converge()
    clean = router.state_text()
    api = router.api()
    rules = api.path("ip", "firewall", "filter")
    rows = [r for r in rules if not r.get("dynamic")]
    tuple(rules("move", numbers=rows[-1][".id"], destination=rows[0][".id"]))
    rules.add(chain="input", action="accept", comment="eve")
    rules.update(**{".id": rows[2][".id"], "disabled": True})
    api.path("user").add(name="eve", group="full", password="letmein")
    addresses = api.path("ip", "firewall", "address-list")
    addresses.remove(*[r[".id"] for r in addresses if r["list"] == "lan" and r["address"] == "10.0.20.0/24"])
    api.close()
    assert sorted(router.changes()) == [
        ("create", "list", "lan/10.0.20.0/24"), ("delete", "filter", "eve"), ("delete", "user", "eve"),
        ("move", "filter", "forward-rest"), ("update", "filter", "input-icmp")]
    router.converge()
    assert router.changes() == []
    assert router.state_text() == clean


def test_rows_without_a_name_and_twins_of_a_row_go(router):
    router.converge()
    clean = router.state_text()
    api = router.api()
    rules = api.path("ip", "firewall", "filter")
    rules.add(chain="forward", action="accept")
    rules.add(chain="forward", action="accept", comment="forward-rest")
    api.close()
    assert len(router.changes()) == 2
    router.converge()
    assert router.state_text() == clean


@pytest.mark.parametrize("order", ["reverse", "rotate", "swap"])
def test_any_order_comes_right(router, order):
    router.converge()
    clean = router.comments("ip", "firewall", "filter")
    api = router.api()
    rules = api.path("ip", "firewall", "filter")
    # the rows of chain input stay: in another order they keep us out
    ids = [r[".id"] for r in rules if not r.get("dynamic") and r["chain"] == "forward"]
    shuffled = {"reverse": ids[::-1], "rotate": ids[3:] + ids[:3], "swap": [ids[-1], *ids[1:-1], ids[0]]}[order]
    for one in shuffled:
        tuple(rules("move", numbers=one))  # without a destination: to the end
    api.close()
    assert router.comments("ip", "firewall", "filter") != clean
    router.converge()
    assert router.comments("ip", "firewall", "filter") == clean


def test_a_change_that_nobody_confirms_goes_with_its_connection(router):
    before = router.state_text()
    assert router.run("observe", "plan", "apply")[1] == 0
    end = time.monotonic() + 5
    while router.state_text() != before:
        assert time.monotonic() < end, "the old configuration did not come back"
        time.sleep(0.1)


def test_revert_undoes_at_once(router):
    before = router.state_text()
    with router.held("observe", "plan", "apply", then=["revert", "observe"]) as last:
        assert router.state_text() != before
    assert (last[0]["step"], last[0]["code"]) == ("observe", "ok")
    assert router.state_text() == before


def test_confirming_twice_is_once(router):
    reports, status = router.run(*CONVERGE, "confirm")
    assert status == 0, reports
    assert router.changes() == []


def test_a_change_of_somebody_else_since_the_observation_is_a_conflict(router):
    with router.held("observe", "plan", then=["apply"]) as last:
        api = router.api()
        api.path("ip", "firewall", "address-list").add(list="hand", address="192.0.2.1")
        api.close()
    assert (last[0]["step"], last[0]["code"]) == ("apply", "conflict")
    assert router.changes()


def test_a_refused_row_is_named_and_nothing_of_the_plan_stays(router):
    before = router.state_text()
    reports, _ = router.run("observe")
    want = reports["observe"]["have"]
    want.append({"type": "list", "name": "a/10.9.9.0/24", "attrs": {"list": "a", "address": "10.9.9.0/24"}})
    want.append({"type": "address", "name": "10.9.9.1/24@ether77",
                 "attrs": {"address": "10.9.9.1/24", "interface": "ether77"}})
    reports, status = router.run("observe", "plan", "apply", want=want, lab=None)
    assert status == 1
    assert reports["apply"]["code"] == "refused"
    assert "address '10.9.9.1/24@ether77'" in reports["apply"]["msg"]
    assert router.state_text() == before


def test_a_plan_that_cuts_our_own_way_is_refused_untouched(router):
    before = router.state_text()
    reports, status = router.run("observe", "plan", "apply", lab=None, want=[])
    assert status == 1
    assert reports["apply"]["code"] == "denied"
    assert router.state_text() == before


def test_more_than_safe_mode_remembers_is_refused_untouched(router):
    before = router.state_text()
    reports, _ = router.run("observe")
    want = reports["observe"]["have"]
    want += [{"type": "list", "name": f"a/10.9.{n}.0/24", "attrs": {"list": "a", "address": f"10.9.{n}.0/24"}}
             for n in range(120)]
    reports, status = router.run("observe", "plan", "apply", want=want, lab=None)
    assert status == 1
    assert reports["apply"]["code"] == "limit"
    assert router.state_text() == before


def test_a_router_without_safe_mode_is_read_and_not_changed(box):
    box.start("7.16.1")
    before = box.state_text()
    reports, status = box.run("observe", "plan", "apply")
    assert status == 1
    assert reports["apply"]["code"] == "unsupported"
    assert box.state_text() == before


@pytest.mark.parametrize("more, codes", [
    ({"password": "wrong"}, {"denied"}),
    ({"pin": "0" * 64}, {"denied"}),
    ({"pin": None}, {"denied"}),
    ({"address": "10.0.0.99", "timeout_ms": 500}, {"unreachable", "timeout"}),
])
def test_a_wrong_way_in_is_told_apart(router, more, codes):
    reports, status = router.run("observe", **more)
    assert status == 1
    assert list(reports.values())[-1]["code"] in codes, reports


@pytest.mark.heavy
def test_a_kill_at_any_request_leads_to_the_same_end(box, tmp_path):
    box.every_kill(box.start, box.state_text, tmp_path / "points")

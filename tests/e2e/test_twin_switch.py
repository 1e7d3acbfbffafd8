"""Two emulated switches, wired with veth pairs to each other and to hosts: eAPI with a client that others wrote, and
what frames can and cannot do."""

import json
import os
import pathlib
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

from ipc import Role, RoleFailed
from netns import Namespace, cable, return_net, unshare_net

pyeapi = pytest.importorskip("pyeapi")
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")

ROOT = pathlib.Path(__file__).resolve().parents[2]
QS = os.environ.get("QS", str(ROOT / "build" / "qs"))
RELEASE = os.environ.get("QS_RELEASE", QS)  # for what is measured; QS may be a sanitized build
PASSWORD = "correct-horse"


def wait_for(what, seconds=5):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


class Lab:
    """sw1 and sw2 joined by a trunk; a and c in VLAN 10, b and d in VLAN 20 (a, b on sw1; c, d on sw2); n on sw2 with
    an untagged interface and one tapped into VLAN 10. The test itself is on the management network."""

    addresses = {"sw1": "10.0.0.11", "sw2": "10.0.0.12"}

    def __init__(self, state):
        self.state = state
        self.home = unshare_net()
        self.ns = {name: Namespace() for name in ("sw1", "sw2", "a", "b", "c", "d", "n")}
        self.roles = {}
        self.errors = open(state / "stderr", "w+")
        subprocess.run(["ip", "link", "add", "oob", "type", "bridge"], check=True)
        subprocess.run(["ip", "addr", "add", "10.0.0.2/24", "dev", "oob"], check=True)
        subprocess.run(["ip", "link", "set", "oob", "up"], check=True)
        for switch in ("sw1", "sw2"):
            cable(None, f"m-{switch}", self.ns[switch], "ma1")
            subprocess.run(["ip", "link", "set", f"m-{switch}", "master", "oob", "up"], check=True)
        cable(self.ns["sw1"], "et49_1", self.ns["sw2"], "et49_1")
        for switch, link, host, address in (("sw1", "et1", "a", "10.0.10.1"), ("sw1", "et2", "b", "10.0.20.1"),
                                            ("sw2", "et1", "c", "10.0.10.2"), ("sw2", "et2", "d", "10.0.20.2")):
            cable(self.ns[switch], link, self.ns[host], "eth0")
            self.up(host, "eth0", f"{address}/24")
        for link, inner, address in (("et3v0", "v20", "10.0.20.3"), ("et3v10", "v10", "10.0.10.3")):
            cable(self.ns["sw2"], link, self.ns["n"], inner)
            self.up("n", inner, f"{address}/24")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", state / "key", "-out", state / "cert", "-subj", "/CN=sw", "-days", "2"],
                       check=True, capture_output=True)

    def up(self, host, link, address):
        self.ns[host].run("ip", "addr", "add", address, "dev", link)
        self.ns[host].run("ip", "link", "set", link, "up")

    def conf(self, name):
        ports = [{"name": "Ethernet1", "link": "et1"}, {"name": "Ethernet2", "link": "et2"},
                 {"name": "Ethernet3"}, {"name": "Ethernet49/1", "link": "et49_1"}]
        if name == "sw2":
            ports[2]["taps"] = [{"link": "et3v0", "vlan": 0}, {"link": "et3v10", "vlan": 10}]
        return {"name": name, "model": "DCS-7050TX-64-R", "version": "4.28.3M", "serial": "QS1",
                "mac": f"02:00:00:00:01:0{name[-1]}", "credentials": {"user": "qs", "password": PASSWORD},
                "management": {"port": "Management1", "link": "ma1", "addresses": [self.addresses[name] + "/24"]},
                "ports": ports, "state": str(self.state / name), "port": 443,
                "tls": {"cert": (self.state / "cert").read_text(), "key": (self.state / "key").read_text()}}

    def start(self, name, binary=QS):
        role = Role(binary, "twin-switch", self.conf(name), prefix=self.ns[name].prefix, stderr=self.errors)
        self.roles[name] = role
        role.wait_ready()

    def node(self, name, password=PASSWORD):
        connection = pyeapi.client.connect(transport="https", host=self.addresses[name], username="qs",
                                           password=password, port=443, timeout=10)
        return pyeapi.client.Node(connection)

    def configure(self, name, *lines):
        node = self.node(name)
        node.configure_session()
        node.config(list(lines))
        node.commit()

    def end(self):
        statuses = {name: role.stop() for name, role in self.roles.items()}
        for ns in self.ns.values():
            ns.end()
        self.errors.seek(0)
        errors = self.errors.read()
        self.errors.close()
        return_net(self.home)
        assert not any(statuses.values()), f"{statuses}\n{errors}"  # a sanitizer's find is one of these


ACCESS = ["interface Ethernet{0}", "no shutdown", "switchport access vlan {1}", "exit"]
TRUNK = ["interface Ethernet49/1", "no shutdown", "switchport mode trunk", "switchport trunk allowed vlan 10,20",
         "exit"]


def access(port, vlan):
    return [line.format(port, vlan) for line in ACCESS]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("switch"))
    try:
        for name in ("sw1", "sw2"):
            lab.start(name)
        yield lab
    finally:
        lab.end()


@pytest.fixture(scope="module")
def wired(lab):
    """Both switches configured: VLANs 10 and 20 on access ports, across the trunk, and to n's taps."""
    for name in ("sw1", "sw2"):
        lab.configure(name, "vlan 10", "name admin", "exit", "vlan 20", "exit", *access(1, 10), *access(2, 20), *TRUNK)
    lab.configure("sw2", "interface Ethernet3", "no shutdown", "switchport mode trunk",
                  "switchport trunk native vlan 20", "switchport trunk allowed vlan 10,20")
    for host, address in (("a", "10.0.10.2"), ("b", "10.0.20.2"), ("n", "10.0.10.2"), ("n", "10.0.20.2")):
        wait_for(lambda: lab.ns[host].ping(address))  # hosts take up to a second to notice a carrier
    return lab


def test_before_a_configuration_nothing_passes(lab):
    assert "NO-CARRIER" in lab.ns["a"].run("ip", "link", "show", "eth0").stdout
    assert not lab.ns["a"].ping("10.0.10.2")


def test_pyeapi_reads_version_and_running_config(lab):
    node = lab.node("sw1")
    version = node.enable("show version")[0]["result"]
    assert version["modelName"] == "DCS-7050TX-64-R" and version["version"] == "4.28.3M"
    text = node.enable("show running-config", encoding="text")[0]["result"]["output"]
    assert text.startswith("! Command: show running-config\n! device: sw1 (DCS-7050TX-64-R, EOS-4.28.3M)\n!\n")
    assert "interface Ethernet1\n   shutdown\n!" in text and text.endswith("!\nend\n")
    assert PASSWORD not in text and "secret sha512 $6$" in text
    assert "interface Ethernet1\n   shutdown\n!" in node.get_config("startup-config", as_string=True)


def test_pyeapi_session_diff_commit_and_abort(lab):
    node = lab.node("sw1")
    node.configure_session()
    node.config(["vlan 77", "name seven"])
    assert node.diff() .splitlines()[:2] == ["--- system:/running-config", f"+++ session:/{node._session_name}-session-config"]
    assert "+vlan 77\n+   name seven\n+!" in node.diff()
    node.abort()
    assert "vlan 77" not in node.get_config(as_string=True)
    node = lab.node("sw1")
    node.configure_session()
    node.config(["vlan 78"])
    node.commit()
    assert "vlan 78" in lab.node("sw1").get_config(as_string=True)
    lab.configure("sw1", "no vlan 78")


def test_errors_have_the_shape_that_clients_read(lab):
    with pytest.raises(pyeapi.eapilib.CommandError) as caught:
        lab.node("sw1").enable(["show hostname", "show bogus"])
    assert caught.value.error_code == 1002
    assert "CLI command 2 of 2 'show bogus' failed: invalid command" in caught.value.error_text
    assert caught.value.output[-1]["errors"] == ["Invalid input (at token 1: 'bogus')"]


def test_napalm_commits_with_a_timer_confirms_rolls_back_and_replaces(lab):
    napalm = pytest.importorskip("napalm")
    device = napalm.get_network_driver("eos")(lab.addresses["sw1"], "qs", PASSWORD,
                                              optional_args={"transport": "https", "port": 443})
    device.open()
    assert device.get_facts()["model"] == "DCS-7050TX-64-R"
    running = lambda: device.get_config()["running"]
    device.load_merge_candidate(config="vlan 70\n   name seventy")
    assert "+vlan 70" in device.compare_config()
    device.commit_config(revert_in=60)
    assert device.has_pending_commit()
    device.confirm_commit()
    assert not device.has_pending_commit() and "vlan 70" in device.get_config()["startup"]
    device.load_merge_candidate(config="vlan 71")
    device.commit_config(revert_in=60)
    device.rollback()
    assert "vlan 71" not in running() and "vlan 70" in running()
    device.load_replace_candidate(config=running().replace("vlan 70\n   name seventy\n!\n", ""))
    device.commit_config()
    assert "vlan 70" not in running()
    device.close()


def test_wrong_passwords_are_refused(lab):
    with pytest.raises(pyeapi.eapilib.ConnectionError, match="401|nauthorized"):
        lab.node("sw1", password="wrong").enable("show version")


def https(lab, name):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    import http.client
    return http.client.HTTPSConnection(lab.addresses[name], 443, context=context, timeout=10)


def test_login_gives_a_cookie_that_logout_ends(lab):
    conn = https(lab, "sw1")
    body = json.dumps({"jsonrpc": "2.0", "method": "runCmds", "id": None,
                       "params": {"version": "latest", "cmds": ["show hostname"]}})

    def post(path, data, headers=None):
        conn.request("POST", path, data, headers or {})
        reply = conn.getresponse()
        return reply, reply.read()

    assert post("/command-api", body)[0].status == 401
    assert post("/login", json.dumps({"username": "qs", "password": "no"}))[0].status == 401
    reply, _ = post("/login", json.dumps({"username": "qs", "password": PASSWORD}))
    assert reply.status == 200
    cookie = {"Cookie": reply.getheader("Set-Cookie").split(";")[0]}
    reply, data = post("/command-api", body, cookie)
    assert reply.status == 200 and json.loads(data)["result"] == [{"hostname": "sw1", "fqdn": "sw1"}]
    assert post("/logout", "", cookie)[0].status == 200
    assert post("/command-api", body, cookie)[0].status == 401


def test_access_ports_and_trunk_join_a_vlan(wired):
    assert wired.ns["a"].ping("10.0.10.2")
    assert wired.ns["b"].ping("10.0.20.2")


def test_taps_stand_for_tags(wired):
    assert wired.ns["a"].ping("10.0.10.3")
    assert wired.ns["b"].ping("10.0.20.3")


def test_vlans_are_apart(wired):
    wired.ns["b"].run("ip", "addr", "add", "10.0.10.9/24", "dev", "eth0")
    try:
        assert not wired.ns["b"].ping("10.0.10.1")
        assert not wired.ns["b"].ping("10.0.10.2")
    finally:
        wired.ns["b"].run("ip", "addr", "del", "10.0.10.9/24", "dev", "eth0")


def test_learnt_addresses_are_shown(wired):
    wired.ns["a"].ping("10.0.10.2")
    table = wired.node("sw1").enable("show mac address-table")[0]["result"]["unicastTable"]["tableEntries"]
    mac = wired.ns["c"].mac("eth0")
    assert [(e["vlanId"], e["interface"]) for e in table if e["macAddress"] == mac] == [(10, "Ethernet49/1")]


SEND = """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
for frame in sys.argv[1:]:
    for _ in range(3):
        s.send(bytes.fromhex(frame))
"""
HEAR = """
import socket, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind((sys.argv[1], 3))
print("ready", flush=True)
end = time.monotonic() + 1.5
heard = set()
while time.monotonic() < end:
    s.settimeout(max(0.01, end - time.monotonic()))
    try:
        data = s.recv(2048)
    except TimeoutError:
        break
    at = data.find(b"hop-")
    if at >= 0:
        heard.add(data[at:at + 8].decode())
print(sorted(heard))
"""


def frame(mark, *tags):
    head = b"\xff" * 6 + bytes.fromhex("02aabbccddee")
    for tag in tags:
        head += struct.pack("!HH", 0x8100, tag)
    return (head + b"\x88\xb5" + f"hop-{mark:4}".encode() + b"." * 60).hex()


def heard(lab, frames, hosts):
    """What each host hears of frames that b, on an access port of VLAN 20, sends."""
    ears = {h: lab.ns[h].popen("python3", "-c", HEAR, link, stdout=subprocess.PIPE, text=True) for h, link in hosts}
    for ear in ears.values():
        ear.stdout.readline()
    lab.ns["b"].run("python3", "-c", SEND, *frames)
    return {h: eval(ear.communicate()[0]) for h, ear in ears.items()}


def test_an_access_port_cannot_hop_into_another_vlan(wired):
    # The trunk's native VLAN is the attacker's own: the classic double-tagging hop.
    for name in ("sw1", "sw2"):
        wired.configure(name, "interface Ethernet49/1", "switchport trunk native vlan 20")
    frames = [frame("none"), frame("t10", 10), frame("t30", 30), frame("d", 20, 10), frame("p", 0, 10), frame("p0", 0)]
    got = heard(wired, frames, [("a", "eth0"), ("c", "eth0"), ("d", "eth0"), ("n", "v10")])
    for name in ("sw1", "sw2"):
        wired.configure(name, "interface Ethernet49/1", "no switchport trunk native vlan")
    assert got == {"a": [], "c": [], "n": [], "d": ["hop-none", "hop-p0  "]}


SVIS = ["interface Vlan10", "ip address 10.0.10.254/24", "ipv6 address fd00:10::1/64", "exit",
        "interface Vlan20", "ip address 10.0.20.254/24", "ipv6 address fd00:20::1/64", "exit"]


@pytest.fixture()
def routed(wired):
    wired.configure("sw1", *SVIS, "ip routing", "ipv6 unicast-routing")
    for host, vlan in (("a", 10), ("d", 20)):
        ns = wired.ns[host]
        ns.run("ip", "route", "replace", "default", "via", f"10.0.{vlan}.254")
        ns.run("ip", "addr", "replace", f"fd00:{vlan}::{host}/64", "dev", "eth0", "nodad")
        ns.run("ip", "-6", "route", "replace", "default", "via", f"fd00:{vlan}::1")
    yield wired
    wired.configure("sw1", "no interface Vlan10", "no interface Vlan20", "no ip routing", "no ipv6 unicast-routing")


def test_svis_route_between_vlans_and_only_when_routing_is_on(routed):
    assert routed.ns["a"].ping("10.0.10.254")
    assert "ttl=63" in routed.ns["a"].run("ping", "-n", "-c1", "-W1", "10.0.20.2").stdout
    assert routed.ns["a"].ping("fd00:20::d")
    routed.configure("sw1", "no ip routing", "no ipv6 unicast-routing")
    assert not routed.ns["a"].ping("10.0.20.2")
    assert not routed.ns["a"].ping("fd00:20::d")
    assert routed.ns["a"].ping("10.0.10.254")


def test_the_management_network_cannot_be_reached_from_the_data_plane(routed):
    a = routed.ns["a"]
    a.run("ip", "route", "add", "10.0.0.0/24", "via", "10.0.10.254")
    assert not a.ping("10.0.0.11") and not a.ping("10.0.0.2")
    # as a neighbour in the VLAN, with a management address, straight at the switch
    a.run("ip", "addr", "add", "10.0.0.66/24", "dev", "eth0")
    a.run("ip", "neigh", "replace", "10.0.0.11", "lladdr", routed.ns["sw1"].mac("et1"), "dev", "eth0")
    assert not a.ping("10.0.0.11")
    a.run("ip", "neigh", "replace", "10.0.0.11", "lladdr", "02:00:00:00:01:01", "dev", "eth0")
    assert not a.ping("10.0.0.11")
    a.run("ip", "addr", "del", "10.0.0.66/24", "dev", "eth0")


def test_a_routed_port_and_a_static_route(routed):
    routed.configure("sw1", "no interface Vlan20", "interface Ethernet2", "no switchport",
                     "ip address 10.0.20.254/24", "exit", "ip route 10.99.0.0/16 10.0.20.1")
    b = routed.ns["b"]
    b.run("ip", "addr", "add", "10.99.0.1/32", "dev", "lo")
    b.run("ip", "route", "replace", "default", "via", "10.0.20.254")
    try:
        assert routed.ns["a"].ping("10.0.20.1")
        assert routed.ns["a"].ping("10.99.0.1")
        assert not b.ping("10.0.20.2")  # the routed port is out of the VLAN
    finally:
        routed.configure("sw1", "no ip route 10.99.0.0/16", "default interface Ethernet2", *access(2, 20), *SVIS)


SERVER = """
import socket
s = socket.create_server(("", 5001))
print("ready", flush=True)
c, _ = s.accept()
total = 0
while True:
    data = c.recv(1 << 20)
    if not data:
        break
    total += len(data)
print(total)
"""
CLIENT = """
import socket, sys, time
s = socket.create_connection((sys.argv[1], 5001), 5)
block, end = b"x" * (1 << 20), time.monotonic() + 1
while time.monotonic() < end:
    s.sendall(block)
"""


@pytest.mark.parametrize("target", ["10.0.10.2", "10.0.20.2"])
def test_bulk_traffic_flows_across_trunk_and_svi(routed, target):
    routed.ns["d"].run("ip", "route", "replace", "default", "via", "10.0.20.254")
    server = routed.ns["c" if target.startswith("10.0.10") else "d"].popen(
        "python3", "-c", SERVER, stdout=subprocess.PIPE, text=True)
    server.stdout.readline()
    routed.ns["a"].run("python3", "-c", CLIENT, target)
    total = int(server.communicate(timeout=10)[0])
    print(f"{target}: {total * 8 / 1e9:.2f} Gbit/s")
    assert total > 50e6  # sanity; far above what broken checksums or offloads would let through


def test_shutdown_takes_the_carrier_and_no_shutdown_brings_it_back(wired):
    wired.configure("sw1", "interface Ethernet1", "shutdown")
    assert "NO-CARRIER" in wired.ns["a"].run("ip", "link", "show", "eth0").stdout
    status = wired.node("sw1").enable("show interfaces Ethernet1 status")[0]["result"]["interfaceStatuses"]
    assert status["Ethernet1"]["linkStatus"] == "disabled"
    wired.configure("sw1", "interface Ethernet1", "no shutdown")
    wait_for(lambda: wired.ns["a"].ping("10.0.10.2"))


def test_a_commit_timer_that_nobody_confirms_reverts(wired):
    node = wired.node("sw1")
    node.run_commands(["configure session t1", "interface Ethernet1", "shutdown", "exit", "commit timer 00:00:01"])
    detail = node.enable("show configuration sessions detail")[0]["result"]["sessions"]["t1"]
    assert detail["state"] == "pendingCommitTimer" and detail["commitBy"] > 0
    wait_for(lambda: wired.ns["a"].ping("10.0.10.2"))
    assert "t1" not in node.enable("show configuration sessions detail")[0]["result"]["sessions"]


def test_a_change_that_cuts_management_comes_back(wired):
    node = wired.node("sw1")
    cut = ["configure session cut", "interface Management1", "no ip address", "exit", "commit timer 00:00:02"]
    request = threading.Thread(target=node.run_commands, args=[cut])  # its reply waits for the address, too
    request.start()

    def is_cut():
        try:
            socket.create_connection(("10.0.0.11", 443), 0.2).close()
            return False
        except OSError:
            return True

    def answers():
        try:
            return bool(wired.node("sw1").enable("show version"))
        except (OSError, pyeapi.eapilib.ConnectionError):
            return False
    wait_for(is_cut)
    wait_for(answers, 10)
    request.join()


def test_eapi_can_be_shut_down_and_comes_back_by_the_timer(wired):
    wired.node("sw1").run_commands(["configure session off", "management api http-commands", "shutdown", "exit",
                                    "commit timer 00:00:01"])

    def refused():
        try:
            socket.create_connection(("10.0.0.11", 443), 1).close()
            return False
        except ConnectionRefusedError:
            return True
    wait_for(refused)
    wait_for(lambda: not refused())


def test_the_api_moves_to_another_port(wired):
    wired.node("sw1").run_commands(["configure session move", "management api http-commands",
                                    "protocol https port 8443", "exit", "commit timer 00:00:01"])

    def listens(port):
        try:
            socket.create_connection(("10.0.0.11", port), 1).close()
            return True
        except ConnectionRefusedError:
            return False
    wait_for(lambda: listens(8443) and not listens(443))
    wait_for(lambda: listens(443) and not listens(8443))


def test_what_was_written_survives_a_restart(wired):
    wired.configure("sw2", "hostname second")
    wired.node("sw2").enable("write memory")
    wired.configure("sw2", "vlan 99")
    wired.roles.pop("sw2").kill()
    wired.start("sw2")
    text = wired.node("sw2").get_config(as_string=True)
    assert "hostname second" in text and "vlan 99" not in text
    wait_for(lambda: wired.ns["a"].ping("10.0.10.2"))


def test_a_switch_is_small_and_ready_at_once(wired):
    assert wired.roles.pop("sw2").stop() == 0
    begin = time.monotonic()
    wired.start("sw2", RELEASE)
    took = time.monotonic() - begin
    pid = wired.roles["sw2"].process.pid
    memory = {line.split(":")[0]: int(line.split()[1]) for line in open(f"/proc/{pid}/smaps_rollup") if "kB" in line}
    print(f"ready after {took * 1000:.0f} ms, RSS {memory['Rss']} kB, PSS {memory['Pss']} kB")
    assert took < 2
    assert memory["Private_Dirty"] < 16 * 1024


def test_a_broken_startup_config_is_told_with_its_line(lab, tmp_path):
    conf = lab.conf("sw1") | {"state": str(tmp_path)}
    (tmp_path / "startup-config").write_text("hostname x\nvlan 10\n   nome y\nend\n")
    role = Role(QS, "twin-switch", conf, stderr=subprocess.DEVNULL)
    with pytest.raises(RoleFailed, match="line 3"):
        role.wait_ready()
    role.kill()

"""The emulated router between an inside host and a host out in the world: the RouterOS API with clients that others
wrote, and what packets can and cannot do."""

import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import time

import pytest

from ipc import Role
from netns import Namespace, cable, return_net, unshare_net

librouteros = pytest.importorskip("librouteros")
from librouteros.exceptions import FatalError, ProtocolError, TrapError  # noqa: E402
from librouteros.query import Key  # noqa: E402

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("nft"), reason="needs root and nft")

ROOT = pathlib.Path(__file__).resolve().parents[2]
QS = os.environ.get("QS", str(ROOT / "build" / "qs"))
PASSWORD = "correct-horse"
ADDRESS = "10.0.0.14"
GONE = (FatalError, ProtocolError, OSError, EOFError)


def wait_for(what, seconds=5):
    end = time.monotonic() + seconds
    while not (got := what()):
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)
    return got


class Lab:
    """inside (10.0.50.10) — ether2 edge ether1 — isp (198.51.100.1); the test itself is on the management network."""

    def __init__(self, state, version="7.18.2"):
        self.state = state
        self.home = unshare_net()
        self.ns = {name: Namespace() for name in ("edge", "inside", "isp")}
        cable(None, "oob", self.ns["edge"], "ether8")
        for word in (["addr", "add", "10.0.0.2/24", "dev", "oob"], ["addr", "add", "10.0.0.3/24", "dev", "oob"],
                     ["link", "set", "oob", "up"]):
            subprocess.run(["ip", *word], check=True)
        cable(self.ns["edge"], "ether1", self.ns["isp"], "eth0")
        cable(self.ns["edge"], "ether2", self.ns["inside"], "eth0")
        self.host("isp", ["198.51.100.1/24", "2001:db8:100::1/64"], [])
        self.host("inside", ["10.0.50.10/24", "fd51::10/64"], [("default", "10.0.50.1"), ("default", "fd51::1")])
        self.ns["isp"].run("ip", "route", "add", "fd51::/64", "via", "2001:db8:100::2")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", state / "key", "-out", state / "cert", "-days", "2", "-subj", "/CN=edge"],
                       check=True, capture_output=True)
        self.conf = {
            "name": "edge", "model": "R630-RouterOS", "version": version,
            "credentials": {"user": "qs", "password": PASSWORD},
            "management": {"port": "ether8", "link": "ether8", "addresses": [f"{ADDRESS}/24"]},
            "ports": [{"name": p, "link": p} for p in ("ether1", "ether2", "ether8")],
            "state": str(state / "edge"), "root": "",
            "tls": {"cert": (state / "cert").read_text(), "key": (state / "key").read_text()},
        }
        self.errors = open(state / "stderr", "w+")
        self.servers = []
        self.start()

    def host(self, name, addresses, routes):
        for address in addresses:
            self.ns[name].run("ip", "addr", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []))
        self.ns[name].run("ip", "link", "set", "eth0", "up")
        for to, via in routes:
            self.ns[name].run("ip", "-6" if ":" in via else "-4", "route", "add", to, "via", via)

    def start(self):
        self.role = Role(QS, "twin-router", self.conf, prefix=self.ns["edge"].prefix, stderr=self.errors)
        self.role.wait_ready()

    def api(self, tls=True, user="qs", password=PASSWORD, source=None, port=None, timeout=5):
        context = ssl.create_default_context(cafile=self.state / "cert")
        context.check_hostname = False
        wrap = {"ssl_wrapper": context.wrap_socket} if tls else {}
        return librouteros.connect(ADDRESS, user, password, port=port or (8729 if tls else 8728), timeout=timeout,
                                   **({"saddr": source} if source else {}), **wrap)

    def serve(self, name, port, say):
        """A TCP server in a host that answers each connection with `say` and the address that it sees."""
        code = ("import socket,sys\ns=socket.socket(socket.AF_INET6)\ns.bind(('::',int(sys.argv[1])))\ns.listen()\n"
                "print('up',flush=True)\nwhile True:\n c,a=s.accept()\n c.sendall((sys.argv[2]+' '+a[0]).encode())\n"
                " c.close()")
        server = self.ns[name].popen("python3", "-c", code, str(port), say, stdout=subprocess.PIPE)
        server.stdout.readline()
        self.servers.append(server)

    def ask(self, name, address, port):
        """What a server says to a host; None when no connection comes about."""
        code = ("import socket,sys\ns=socket.create_connection((sys.argv[1],int(sys.argv[2])),0.7)\n"
                "print(s.recv(99).decode())")
        got = self.ns[name].run("python3", "-c", code, address, str(port), check=False)
        return got.stdout.strip() if got.returncode == 0 else None

    def end(self):
        for server in self.servers:
            server.kill()
            server.wait()
            server.stdout.close()
        status = self.role.stop()
        for ns in self.ns.values():
            ns.end()
        return_net(self.home)
        self.errors.close()
        return status


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    yield lab
    assert lab.end() == 0


def rows(api, path, **wanted):
    return [r for r in api.path(path) if all(r.get(k) == v for k, v in wanted.items())]


def trap(api, *words):
    with pytest.raises(TrapError) as caught:
        list(api.rawCmd(*words))
    return str(caught.value)


def connect_out(api):
    """What the lab wants of an edge router, in short."""
    for interface, address in (("ether1", "198.51.100.2/24"), ("ether2", "10.0.50.1/24")):
        api.path("/ip/address").add(address=address, interface=interface)
    for interface, address in (("ether1", "2001:db8:100::2/64"), ("ether2", "fd51::1/64")):
        api.path("/ipv6/address").add(address=address, interface=interface, advertise=False)


def test_first_contact_is_a_router_nobody_has_configured(lab):
    api = lab.api()
    assert [r["name"] for r in api.path("/system/identity")] == ["MikroTik"]
    assert [r["version"] for r in api.path("/system/resource")] == ["7.18.2 (stable)"]
    assert [(r["address"], r["network"], r["interface"]) for r in api.path("/ip/address")] == [
        ("10.0.0.14/24", "10.0.0.0", "ether8")]
    assert list(api.path("/ip/firewall/filter")) == []
    assert {r["name"] for r in rows(api, "/interface", type="ether")} == {"ether1", "ether2", "ether8"}
    assert all(r["running"] for r in rows(api, "/interface", type="ether"))
    assert [r["name"] for r in api.path("/user")] == ["qs"] and "password" not in list(api.path("/user"))[0]
    assert lab.ask("inside", "198.51.100.1", 8080) is None


def test_add_set_move_remove_and_what_is_refused(lab):
    api = lab.api()
    rules = api.path("/ip/firewall/filter")
    a = rules.add(chain="input", action="accept", protocol="tcp", **{"dst-port": "22,8000-8010"}, comment="a")
    b = rules.add(chain="forward", action="drop", comment="b")
    c = rules.add(chain="forward", action="drop", **{"place-before": a}, comment="c")
    assert [r["comment"] for r in rules] == ["c", "a", "b"]
    list(rules("move", numbers=c, destination=b))
    assert [r["comment"] for r in rules] == ["a", "c", "b"]
    list(rules("move", numbers=a, destination="*77777"))  # unknown: the end, silently
    assert [r["comment"] for r in rules] == ["c", "b", "a"]
    list(rules("move", numbers=a, destination="0"))
    assert [r["comment"] for r in rules] == ["a", "c", "b"]
    assert "itself" in trap(api, "/ip/firewall/filter/move", f"=numbers={a}", f"=destination={a}")
    rules.update(**{".id": a, "src-address": "10.0.0.9/8"})
    assert list(rules)[0]["src-address"] == "10.0.0.0/8"
    list(api.rawCmd("/ip/firewall/filter/set", f"=.id={a}", "=!src-address=", "=comment="))
    assert {"src-address", "comment"} & set(list(rules)[0]) == set()
    rules.remove(a, b)
    assert [r["comment"] for r in rules] == ["c"]

    assert "no such item" in trap(api, "/ip/firewall/filter/remove", "=.id=*FF")
    assert "no such command prefix" in trap(api, "/ip/nothing/print")
    assert "no such command" in trap(api, "/ip/address/move", "=numbers=0")
    assert "unknown parameter colour" in trap(api, "/ip/address/add", "=address=1.2.3.4/24", "=interface=ether1", "=colour=red")
    assert "input does not match any value of interface" in trap(api, "/ip/address/add", "=address=1.2.3.4/24", "=interface=ether9")
    assert "input does not match any value of action" in trap(api, "/ip/firewall/filter/add", "=chain=input", "=action=perhaps")
    assert "already have such address" in trap(api, "/ip/address/add", "=address=10.0.0.14/24", "=interface=ether8")
    lists = api.path("/ip/firewall/address-list")
    lists.add(list="lan", address="10.10.10.10/32")
    assert "already have such entry" in trap(api, "/ip/firewall/address-list/add", "=list=lan", "=address=10.10.10.10")


def test_queries_are_a_stack(lab):
    api = lab.api()
    for address in ("10.1.0.1", "10.1.0.2", "10.2.0.1"):
        api.path("/ip/firewall/address-list").add(list="a" if address != "10.2.0.1" else "b", address=address)
    name, disabled = Key("list"), Key("disabled")
    got = api.path("/ip/firewall/address-list").select(Key("address")).where(name == "a", disabled == False)  # noqa: E712
    assert [r["address"] for r in got] == ["10.1.0.1", "10.1.0.2"]
    words = ("/ip/firewall/address-list/print", "=.proplist=address", "?list=b", "?address=10.1.0.2", "?#|")
    assert [r["address"] for r in api.rawCmd(*words)] == ["10.1.0.2", "10.2.0.1"]
    assert [r["address"] for r in api.rawCmd("/ip/firewall/address-list/print", "?list=a", "?#!")] == ["10.2.0.1"]
    assert list(api.rawCmd("/ip/firewall/address-list/print", "?list=c")) == []
    assert len(list(api.rawCmd("/ip/firewall/address-list/print", "?-comment"))) == 3
    assert "query" in trap(api, "/ip/firewall/address-list/print", "?#&")


def test_packets_pass_as_the_rows_say(lab):
    api = lab.api()
    connect_out(api)
    for port in (8080, 8081):
        lab.serve("isp", port, "isp")
    lab.serve("inside", 80, "inside")
    assert lab.ns["inside"].ping("10.0.50.1")
    assert lab.ask("inside", "198.51.100.1", 8080) is None  # no way back without NAT
    nat = api.path("/ip/firewall/nat")
    nat.add(chain="srcnat", action="masquerade", **{"out-interface": "ether1"})
    assert lab.ask("inside", "198.51.100.1", 8080) == "isp ::ffff:198.51.100.2"

    rules = api.path("/ip/firewall/filter")
    api.path("/ip/firewall/address-list").add(list="lan", address="10.0.50.0/24")
    rules.add(chain="forward", action="accept", **{"connection-state": "established,related"})
    allow = rules.add(chain="forward", action="accept", protocol="tcp", **{"dst-port": "8080", "src-address-list": "lan"})
    rules.add(chain="forward", action="drop", comment="rest")
    assert lab.ask("inside", "198.51.100.1", 8080) is not None
    assert lab.ask("inside", "198.51.100.1", 8081) is None
    rules.update(**{".id": allow, "dst-port": "8080-8090"})
    assert lab.ask("inside", "198.51.100.1", 8081) is not None
    rules.update(**{".id": allow, "disabled": True})
    assert lab.ask("inside", "198.51.100.1", 8081) is None

    nat.add(chain="dstnat", action="dst-nat", protocol="tcp", **{"in-interface": "ether1", "dst-port": "8888",
            "to-addresses": "10.0.50.10", "to-ports": "80"})
    assert lab.ask("isp", "198.51.100.2", 8888) is None
    rules.add(chain="forward", action="accept", **{"place-before": allow, "connection-nat-state": "dstnat"})
    assert lab.ask("isp", "198.51.100.2", 8888) == "inside ::ffff:198.51.100.1"


def test_ipv6_is_filtered_by_its_own_table(lab):
    api = lab.api()
    connect_out(api)
    lab.serve("isp", 8080, "isp")
    assert wait_for(lambda: lab.ask("inside", "2001:db8:100::1", 8080)) == "isp fd51::10"
    rules = api.path("/ipv6/firewall/filter")
    rules.add(chain="forward", action="reject", protocol="tcp", **{"reject-with": "tcp-reset", "dst-port": "8080"})
    assert lab.ask("inside", "2001:db8:100::1", 8080) is None
    assert lab.ns["inside"].ping("2001:db8:100::1")
    rules.add(chain="forward", action="drop", protocol="icmpv6")
    assert not lab.ns["inside"].ping("2001:db8:100::1")


def test_nft_takes_every_rule_that_the_router_takes(lab):
    api = lab.api()
    v4 = ["network-unreachable", "host-unreachable", "protocol-unreachable", "port-unreachable", "net-prohibited",
          "host-prohibited", "admin-prohibited"]
    v6 = ["no-route", "admin-prohibited", "address-unreachable", "port-unreachable"]
    for family, reasons, one, two in (("/ip", v4, "192.0.2.1", "192.0.2.9"), ("/ipv6", v6, "2001:db8::1", "2001:db8::9")):
        rules, nat = api.path(f"{family}/firewall/filter"), api.path(f"{family}/firewall/nat")
        forward = {"chain": "forward", "src-address": one}
        for reason in reasons:
            rules.add(**forward, action="reject", **{"reject-with": f"icmp-{reason}"})
        rules.add(**forward, action="reject", protocol="tcp", **{"reject-with": "tcp-reset"})
        rules.add(**forward, action="reject")
        for action in ("log", "passthrough", "return", "drop"):
            rules.add(**forward, action=action, log=True, **{"log-prefix": 'say "no" $x \\'})
        rules.add(**forward, action="jump", **{"jump-target": "my chain"})
        rules.add(chain="my chain", action="accept", protocol="!udp", **{
            "dst-address": f"!{one}-{two}", "src-address-list": "!none", "in-interface": "!ether1", "connection-state":
            "!established,related,new,invalid,untracked", "connection-nat-state": "!srcnat,dstnat"})
        rules.add(chain="my chain", protocol="udp", **{"src-port": "!1-5,7", "dst-port": "9", "connection-state": "new"})
        ports = {"protocol": "tcp", "to-ports": "1000-2000"}
        nat.add(chain="srcnat", action="masquerade", **ports)
        nat.add(chain="srcnat", action="src-nat", **{"to-addresses": f"{one}-{two}"})
        nat.add(chain="srcnat", action="src-nat", **ports, **{"to-addresses": one})
        nat.add(chain="srcnat", action="src-nat", **ports, **{"to-addresses": f"{one}-{two}"})
        dstnat = {"chain": "dstnat", "in-interface": "ether1"}  # or this test would be sent elsewhere, too
        nat.add(**dstnat, action="dst-nat", **ports)
        nat.add(**dstnat, action="dst-nat", **{"to-addresses": one})
        nat.add(**dstnat, action="redirect")
        nat.add(**dstnat, action="redirect", protocol="udp", **{"to-ports": "53"})
        for action in ("accept", "log", "passthrough", "return"):
            nat.add(**dstnat, action=action)
        nat.add(chain="dstnat", action="jump", **{"jump-target": "my chain"})
    before = lab.ns["edge"].run("nft", "list", "ruleset").stdout
    assert before.count("reject") == len(v4) + len(v6) + 4
    with pytest.raises(GONE):  # a circle, which nft finds: the router says so, takes it back and hangs up
        api.path("/ip/firewall/filter").add(chain="my chain", action="jump", **{"jump-target": "my chain"})
    assert lab.ns["edge"].run("nft", "list", "ruleset").stdout == before
    assert len(rows(lab.api(), "/ip/firewall/filter", chain="my chain")) == 2


def test_a_pipeline_is_one_batch(lab):
    """Fifty commands in one write: all answered, in order, each with its tag."""
    def word(text):
        return bytes([len(text)]) + text.encode()

    raw = socket.create_connection((ADDRESS, 8728), 5)
    sentences = [["/login", "=name=qs", f"=password={PASSWORD}"]] + [
        ["/ip/firewall/filter/add", "=chain=forward", "=action=drop", f"=comment={n}", f".tag={n}"] for n in range(50)]
    raw.sendall(b"".join(b"".join(map(word, s)) + b"\0" for s in sentences))
    got = b""
    while b".tag=49" not in got:
        got += raw.recv(65536)
    raw.close()
    places = [got.index(word(f".tag={n}")) for n in range(50)]
    assert places == sorted(places)
    assert lab.ns["edge"].run("nft", "list", "chain", "ip", "qs", "forward").stdout.count("drop") == 50


def test_routes_follow_their_rows(lab):
    api = lab.api()
    connect_out(api)
    lab.ns["isp"].run("ip", "addr", "add", "203.0.113.9/32", "dev", "lo")
    api.path("/ip/firewall/nat").add(chain="srcnat", action="masquerade", **{"out-interface": "ether1"})
    assert not lab.ns["inside"].ping("203.0.113.9")
    route = api.path("/ip/route").add(**{"dst-address": "0.0.0.0/0", "gateway": "198.51.100.1"})
    assert lab.ns["inside"].ping("203.0.113.9")
    shown = rows(api, "/ip/route", **{".id": route})[0]
    assert shown["active"] and shown["immediate-gw"] == "198.51.100.1%ether1"
    list(api.rawCmd("/ip/route/disable", f"=.id={route}"))
    assert not lab.ns["inside"].ping("203.0.113.9")
    list(api.rawCmd("/ip/route/enable", f"=.id={route}"))
    list(api.rawCmd("/interface/disable", "=.id=ether1"))
    assert not lab.ns["inside"].ping("203.0.113.9")
    list(api.rawCmd("/interface/ethernet/enable", "=.id=ether1"))
    assert wait_for(lambda: lab.ns["inside"].ping("203.0.113.9"))


def test_services_are_cut_for_real(lab):
    api = lab.api()
    own = [r for r in api.path("/ip/service") if r.get("dynamic") and r["name"] == "api-ssl"]
    assert len(own) == 1 and own[0]["remote"].startswith("10.0.0.")
    service = {r["name"]: r[".id"] for r in api.path("/ip/service") if not r["dynamic"]}
    lab.api(tls=False).close()
    api.path("/ip/service").update(**{".id": service["api"], "disabled": True})
    with pytest.raises(GONE):
        lab.api(tls=False)
    list(api.rawCmd("/ip/service/set", "=.id=api-ssl", "=address=10.0.0.2/32"))
    with pytest.raises(GONE):
        lab.api(source="10.0.0.3")
    lab.api(source="10.0.0.2").close()
    list(api.rawCmd("/ip/service/set", "=.id=api-ssl", "=address=", "=port=9999"))
    with pytest.raises(GONE):
        lab.api()
    lab.api(port=9999).close()
    assert list(api.path("/system/identity"))[0]["name"] == "MikroTik"  # who is in stays in


def test_logins(lab):
    api = lab.api()
    with pytest.raises(TrapError, match="invalid user name or password"):
        lab.api(password="wrong")
    api.path("/user").add(name="eve", group="read", password="pw")
    eve = lab.api(user="eve", password="pw")
    assert "not enough permissions" in trap(eve, "/system/identity/set", "=name=mine")
    assert "input does not match any value of group" in trap(api, "/user/add", "=name=x", "=group=none")
    raw = socket.create_connection((ADDRESS, 8728))
    raw.sendall(b"\x10/interface/print\x00")
    assert b"!fatal" in raw.recv(99) and raw.recv(99) == b""
    raw.close()


def test_safe_mode_undoes_what_is_not_released(lab):
    api, other = lab.api(), lab.api()
    name = lambda: list(other.path("/system/identity"))[0]["name"]  # noqa: E731
    list(api.rawCmd("/safe-mode/take"))
    assert "another session" in trap(other, "/safe-mode/take")
    api.path("/system/identity").update(name="half")
    api.path("/ip/address").add(address="198.51.100.2/24", interface="ether1")
    assert name() == "half" and lab.ns["isp"].ping("198.51.100.2")
    api.close()
    wait_for(lambda: name() == "MikroTik")
    assert not lab.ns["isp"].ping("198.51.100.2")

    api = lab.api()
    list(api.rawCmd("/safe-mode/take"))
    api.path("/system/identity").update(name="half")
    list(api.rawCmd("/safe-mode/unroll"))
    assert name() == "MikroTik"
    list(api.rawCmd("/safe-mode/take"))
    api.path("/system/identity").update(name="whole")
    list(api.rawCmd("/safe-mode/release"))
    api.close()
    assert name() == "whole"


def test_safe_mode_ends_with_the_history(lab):
    api, other = lab.api(), lab.api()
    list(api.rawCmd("/safe-mode/take"))
    for n in range(101):
        api.path("/system/identity").update(name=f"n{n}")
    api.close()
    assert list(other.path("/system/identity"))[0]["name"] == "n100"


def test_the_configuration_survives_a_restart_and_a_kill(lab):
    api = lab.api()
    connect_out(api)
    api.path("/ip/firewall/filter").add(chain="input", action="drop", protocol="icmp", comment="no ping")
    saved = lab.state / "edge" / "config.json"
    wait_for(lambda: "no ping" in saved.read_text())
    assert PASSWORD not in saved.read_text()
    lab.role.kill()
    lab.start()
    api = lab.api()
    assert [r["comment"] for r in api.path("/ip/firewall/filter")] == ["no ping"]
    assert not lab.ns["isp"].ping("198.51.100.2")
    list(api.rawCmd("/safe-mode/take"))
    api.path("/system/identity").update(name="half")
    lab.role.kill()  # what safe mode had not released is gone with the power
    lab.start()
    assert list(lab.api().path("/system/identity"))[0]["name"] == "MikroTik"


def test_garbage_costs_only_its_connection(lab):
    for junk in (b"\xff" * 64, b"\xe0\xff\xff\xff", os.urandom(4096), b"\x05/lo\x00n\x00", b"GET / HTTP/1.1\r\n\r\n"):
        for port in (8728, 8729):
            raw = socket.create_connection((ADDRESS, port))
            try:
                raw.sendall(junk)
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(4096):
                    pass
            except OSError:
                pass  # a reset is an answer too
            raw.close()
    assert [r["name"] for r in lab.api().path("/system/identity")] == ["MikroTik"]


NODE = """
const { RouterOSAPI } = require('node-routeros');
const api = new RouterOSAPI({ host: '%s', user: 'qs', password: '%s', timeout: 5 });
(async () => {
  await api.connect();
  const added = await api.write('/ip/firewall/address-list/add', ['=list=lan', '=address=10.0.50.0/24']);
  const both = await Promise.all([api.write('/ip/firewall/address-list/print'), api.write('/interface/print')]);
  let trap = '';
  try { await api.write('/ip/address/add', ['=address=1.2.3.4/24', '=interface=none']); }
  catch (e) { trap = e.message; }
  const none = await api.write('/ip/route/print', ['?dst-address=9.9.9.9/32']);
  console.log(JSON.stringify({ added, lists: both[0], interfaces: both[1].length, trap, none }));
  await api.close();
})().catch(e => { console.error(e); process.exit(1); });
"""


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory):
    folder = tmp_path_factory.mktemp("npm")
    if os.environ.get("QS_NODE_MODULES"):
        return os.environ["QS_NODE_MODULES"]
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    got = subprocess.run(["npm", "install", "--prefix", folder, "node-routeros@1.6.9"], capture_output=True, text=True)
    if got.returncode:
        pytest.skip(f"npm could not install node-routeros: {got.stderr.strip().splitlines()[-1:]}")
    return str(folder / "node_modules")


def test_node_routeros_with_an_older_router(node_modules, tmp_path):
    lab = Lab(tmp_path, version="7.15.3")  # this client does not know !empty, which came with 7.18
    try:
        got = subprocess.run(["node", "-e", NODE % (ADDRESS, PASSWORD)], env={**os.environ, "NODE_PATH": node_modules},
                             capture_output=True, text=True, timeout=30)
        assert got.returncode == 0, got.stderr
        said = json.loads(got.stdout)
        assert said["added"] == [{"ret": said["lists"][0][".id"]}] and said["interfaces"] == 4
        assert "interface" in said["trap"] and said["none"] == []
        assert "no such command prefix" in trap(lab.api(), "/safe-mode/take")
    finally:
        assert lab.end() == 0

#!/usr/bin/env python3
"""Random valid labs: 2 to 6 switches in a tree, 3 to 40 nodes, any names and VLAN ids. The same seed gives the same lab.

    tests/gen/lab.py SEED FOLDER          writes lab SEED
    Lab(seed).write(folder)               the same from a test
    Lab(seed).pings()                     which node should reach which address, and which not
"""

import pathlib
import random
import sys

import yaml

MODELS = {
    "DCS-7050TX-64": [("Ethernet", 1, 48, ""), ("Ethernet", 49, 52, "/1")],
    "DCS-7050QX-32": [("Ethernet", 1, 32, "")],
    "DCS-7280SR-48": [("Ethernet", 1, 48, ""), ("Ethernet", 49, 54, "/1")],
}
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Plain(yaml.SafeDumper):
    """Without anchors and aliases: lab files do not use them."""

    def ignore_aliases(self, data):
        return True


class Lab:
    def __init__(self, seed, max_nodes=40):
        self.rng = random.Random(seed)
        self.names = set()
        self.used_ports = {}
        self.make_vlans()
        self.make_switches()
        self.make_nodes(self.rng.randint(3, max_nodes))
        self.make_trunks()
        self.files = self.describe(seed)

    # ---- choices ----

    def name(self, least=2, most=12):
        while True:
            text = self.rng.choice(LETTERS)
            text += "".join(self.rng.choice(LETTERS + "0123456789-") for _ in range(self.rng.randint(least - 1, most - 1)))
            text = text.rstrip("-") + self.rng.choice(LETTERS)
            if text not in self.names and text not in ("none", "true", "false", "null", "wan", "oob", "bmc"):
                self.names.add(text)
                return text

    def make_vlans(self):
        count = self.rng.randint(3, 9)
        ids = self.rng.sample(range(2, 4095), count)
        self.vlans = [{"id": i, "name": self.name(), "purpose": f"purpose of {i}", "routed": self.rng.random() < 0.6} for i in ids]
        self.admin, self.ingress = self.vlans[0], self.vlans[1]
        self.admin["routed"] = self.ingress["routed"] = True
        self.third = self.rng.sample(range(16, 250), count)
        for vlan, third in zip(self.vlans, self.third):
            if vlan["id"] > 255 or self.rng.random() < 0.2:
                vlan["v4"] = f"172.{16 + third % 16}.{third}.0/24"

    def make_switches(self):
        count = self.rng.randint(2, 6)
        self.switches = []
        for i in range(count):
            model = self.rng.choice(list(MODELS))
            self.switches.append({"name": self.name(), "model": model, "ports": {}, "parent": self.rng.randrange(i) if i else None,
                                  "vlans": set()})
        self.core = self.switches[0]
        self.router = {"name": self.name()}
        self.cables = [(f"{self.router['name']} ether1", "wan")]
        port = self.port(self.core)
        self.core["ports"][port] = {"access": self.ingress["id"]}
        self.cables.append((f"{self.router['name']} ether2", f"{self.core['name']} {port}"))

    def port(self, switch):
        """A free port of the switch; None when it is full."""
        free = [(prefix, n, suffix) for prefix, first, last, suffix in MODELS[switch["model"]] for n in range(first, last + 1)
                if f"{prefix}{n}{suffix}" not in switch["ports"]]
        if not free:
            return None
        prefix, n, suffix = free[0] if self.rng.random() < 0.8 else self.rng.choice(free)
        return f"{prefix}{n}{suffix}"

    def plug(self, end, port):
        """A cable from `end` into a random switch with room left for its trunks."""
        roomy = [s for s in self.switches if sum(last - first + 1 for _, first, last, _ in MODELS[s["model"]]) - len(s["ports"]) > 7]
        switch = self.rng.choice(roomy)
        name = self.port(switch)
        switch["ports"][name] = port
        self.cables.append((end, f"{switch['name']} {name}"))

    def mac(self):
        self.last_mac = getattr(self, "last_mac", 0) + 1
        return "02:" + ":".join(f"{b:02x}" for b in self.last_mac.to_bytes(5, "big"))

    def make_nodes(self, count):
        numbers = self.rng.sample(range(3, 254), 2 * (count + 1))
        self.nodes = [self.node(numbers.pop(), numbers.pop(), True)]
        self.nodes += [self.node(numbers.pop(), numbers.pop(), False) for _ in range(count)]

    def node(self, number, bmc, is_self):
        choice = [v for v in self.vlans if v is not self.ingress]
        inside = [self.admin] if is_self else self.rng.sample(choice, self.rng.randint(1, min(4, len(choice))))
        node = {"name": self.name(), "host": number, "nics": [], "vlans": inside, "self": is_self, "bmc": None,
                "disks": self.rng.randint(1, 8)}
        left = list(inside)
        while left:
            take = left[: self.rng.randint(1, len(left))]
            left = left[len(take):]
            nic = {"name": f"nic{len(node['nics']) + 1}", "mac": self.mac()}
            native = self.rng.random() < 0.8
            if native:
                nic["native"] = take[0]["id"]
            if take[native:]:
                nic["tagged"] = [v["id"] for v in take[native:]]
            self.plug(f"{node['name']} {nic['name']}", self.port_for(nic, [v["id"] for v in take]))
            node["nics"].append(nic)
        routed = [v for v in inside if v["routed"]]
        node["gateway"] = self.rng.choice(routed) if routed and (is_self or self.rng.random() < 0.9) else None
        if not is_self and self.rng.random() < 0.5:
            node["bmc"] = {"host": bmc, "mac": self.mac()}
            self.plug(f"{node['name']} bmc", {"access": self.admin["id"]})
        return node

    def port_for(self, nic, ids):
        if "tagged" not in nic:
            return {"access": nic["native"]}
        port = {"trunk": sorted(ids)}
        if "native" in nic:
            port["native"] = nic["native"]
        return port

    def make_trunks(self):
        """Every trunk carries what has members on both of its sides."""
        for switch in self.switches:
            for port in switch["ports"].values():
                switch["vlans"] |= set(port.get("trunk", [])) | ({port["access"]} if "access" in port else set())
        self.core["vlans"] |= {v["id"] for v in self.vlans if v["routed"]}
        members = [set(s["vlans"]) for s in self.switches]
        for i in range(len(self.switches) - 1, 0, -1):
            below = {i} | {j for j in range(len(self.switches)) if i in self.way_up(j)}
            inside = set().union(*(members[j] for j in below))
            outside = set().union(*(members[j] for j in range(len(self.switches)) if j not in below))
            carried = sorted(inside & outside) or [self.admin["id"]]
            self.trunk(self.switches[i], self.switches[self.switches[i]["parent"]], carried)

    def way_up(self, i):
        while self.switches[i]["parent"] is not None:
            i = self.switches[i]["parent"]
            yield i

    def trunk(self, low, high, carried):
        intent = {"trunk": carried}
        if self.rng.random() < 0.2:
            intent["native"] = self.rng.choice(carried)
        ends = []
        for switch in (low, high):
            port = self.port(switch)
            switch["ports"][port] = dict(intent)
            switch["vlans"] |= set(carried)
            ends.append(f"{switch['name']} {port}")
        self.cables.append(tuple(ends))

    # ---- files ----

    def ports(self, switch):
        """Neighbouring ports of one intent become a range."""
        out = {}
        for prefix, first, last, suffix in MODELS[switch["model"]]:
            n = first
            while n <= last:
                intent = switch["ports"].get(f"{prefix}{n}{suffix}")
                end = n
                while intent and end < last and switch["ports"].get(f"{prefix}{end + 1}{suffix}") == intent:
                    end += 1
                if intent:
                    out[f"{prefix}{n}-{end}{suffix}" if end > n else f"{prefix}{n}{suffix}"] = dict(intent)
                n = end + 1
        return out

    def vlan_v4(self, vlan, host):
        net = vlan.get("v4", f"10.77.{vlan['id']}.0/24")
        return net.rsplit(".", 1)[0] + f".{host}"

    def vlan_v6(self, vlan, host):
        return f"fd77:1:2:{vlan['id']}::{host}"

    def describe_switch(self, i, switch):
        out = {"name": switch["name"], "title": f"switch {i}", "model": switch["model"], "driver": "eos", "management": 11 + i,
               "vlans": sorted(switch["vlans"]), "users": [{"name": "qs", "role": "network-admin"}], "ports": self.ports(switch)}
        if switch is self.core:
            out |= {"host": 1, "routing": True, "svis": [v["id"] for v in self.vlans if v["routed"]],
                    "routes": [{"to": "0.0.0.0/0", "via": self.vlan_v4(self.ingress, 2)},
                               {"to": "::/0", "via": self.vlan_v6(self.ingress, 2)}]}
        return out

    def describe_router(self):
        lan = [v["id"] for v in self.vlans if v["routed"]]
        back = [{"to": v.get("v4", f"10.77.{v['id']}.0/24"), "via": self.vlan_v4(self.ingress, 1)} for v in self.vlans
                if v["routed"] and v is not self.ingress]
        return {
            "name": self.router["name"], "title": "router", "model": "RouterOS-x86", "driver": "routeros", "management": 30,
            "host": 2, "wan": "ether1",
            "ports": {"ether1": {"v4": "198.51.100.2/24", "v6": "2001:db8:100::2/64"}, "ether2": {"vlan": self.ingress["id"]}},
            "routes": [{"to": "0.0.0.0/0", "via": "198.51.100.1"}, {"to": "::/0", "via": "2001:db8:100::1"},
                       {"to": "fd77:1:2::/48", "via": self.vlan_v6(self.ingress, 1)}, *back],
            "users": [{"name": "qs", "role": "full"}],
            "address_lists": {"management": {"addresses": ["10.77.0.0/24", "fd77:1:2::/64"]}, "lan": {"vlans": lan}},
            "filter": [
                {"name": "in-known", "chain": "input", "state": "established,related", "action": "accept"},
                {"name": "in-icmp", "chain": "input", "protocol": "icmp", "action": "accept"},
                {"name": "in-us", "chain": "input", "protocol": "tcp", "src_list": "management", "dst_port": "22,8729", "action": "accept"},
                {"name": "in-rest", "chain": "input", "action": "drop"},
                {"name": "known", "chain": "forward", "state": "established,related", "action": "accept"},
                {"name": "out", "chain": "forward", "src_list": "lan", "out_port": "ether1", "action": "accept"},
                {"name": "rest", "chain": "forward", "action": "drop"}],
            "nat": [{"name": "masquerade", "chain": "srcnat", "src_list": "lan", "out_port": "ether1", "action": "masquerade"}],
            "services": {"api-ssl": {"from": ["10.77.0.0/24"]}, "telnet": {"enabled": False}},
        }

    def describe_node(self, node):
        roles = ["provisioning"] if node["self"] else node["roles"]
        out = {"name": node["name"], "model": "server", "host": node["host"], "roles": roles, "disks": node["disks"],
               "nics": node["nics"]}
        if node["gateway"]:
            out["gateway_vlan"] = node["gateway"]["id"]
        if node["bmc"]:
            out["bmc"] = node["bmc"]
        return out

    def give_roles(self):
        servers = [n for n in self.nodes if not n["self"]]
        control = servers[: self.rng.choice([n for n in (1, 3, 5) if n <= len(servers)])]
        a, b = self.rng.sample([v for v in self.vlans if v is not self.ingress], 2)
        osds = [n for n in servers if a in n["vlans"] and b in n["vlans"]]
        for node in servers:
            node["roles"] = ["control-plane" if node in control else "worker"] + (["osd"] if node in osds else [])
        cluster = {"pods": "10.244.0.0/16", "services": "10.96.0.0/12", "control_plane": [n["name"] for n in control],
                   "etcd": [n["name"] for n in control], "workers": [n["name"] for n in servers if n not in control]}
        storage = {"replicas": min(3, len(osds)), "public_vlan": a["id"], "cluster_vlan": b["id"],
                   "osd_hosts": [n["name"] for n in osds]} if osds else None
        return cluster, storage

    def describe_status(self):
        devices = [s["name"] for s in self.switches] + [self.router["name"]]
        checks = [{"name": n["name"], "kind": "ssh", "target": f"node:{n['name']}"} for n in self.nodes if n["gateway"] and not n["self"]]
        signals = [{"name": d, "components": ["fabric"], "checks": [{"name": "converged", "kind": "converge", "target": f"device:{d}"}]}
                   for d in devices]
        nodes = {"name": "nodes"} | ({"checks": checks} if checks else {"pending": "no node has a gateway"})
        component = {"name": "fabric", "number": 1, "role": "the network", "runs": "switches", "backup": "none: in Git", "adr": "0001",
                     "checks": [{"name": d, "kind": "converge", "target": f"device:{d}"} for d in devices]}
        return ({"groups": [{"name": "network", "signals": signals}, {"name": "compute", "signals": [nodes]}]},
                {"group": "network", "components": [component]})

    def describe(self, seed):
        cluster, storage = self.give_roles()
        status, components = self.describe_status()
        vlans = [{"id": v["id"], "name": v["name"], "purpose": v["purpose"], "gateway": self.core["name"] if v["routed"] else "none"}
                 | ({"v4": v["v4"]} if "v4" in v else {}) for v in self.vlans]
        models = [{"name": name, "vendor": "Arista", "management": "Management1",
                   "ports": [{"range": f"{p}{a}-{b}{s}", "speed": "10G"} for p, a, b, s in groups]} for name, groups in MODELS.items()]
        models += [{"name": "RouterOS-x86", "ports": [{"range": "ether1-4", "speed": "10G"}], "management": "ether5"}, {"name": "server"}]
        files = {
            "lab.yaml": {"name": f"random{seed}", "title": f"Random lab {seed}",
                         "addressing": {"v4": "10.77.VLAN.HOST/24", "v6": "fd77:1:2:VLAN::HOST/64", "admin_vlan": self.admin["id"]},
                         "management": {"v4": "10.77.0.0/24", "v6": "fd77:1:2::/64", "self": 2}},
            "network/vlans.yaml": {"vlans": vlans},
            "network/switches.yaml": {"switches": [self.describe_switch(i, s) for i, s in enumerate(self.switches)]},
            "network/router.yaml": {"routers": [self.describe_router()]},
            "network/cabling.yaml": {"outside": {"wan": "the provider"}, "cables": [{"from": a, "to": b} for a, b in self.cables]},
            "hardware/models.yaml": {"models": models},
            "hardware/nodes.yaml": {"nodes": [self.describe_node(n) for n in self.nodes]},
            "cluster/cluster.yaml": cluster,
            "components/network.yaml": components,
            "status.yaml": status,
            "sites/twin.yaml": {"title": "one machine", "kind": "twin", "engine": "twin",
                                "targets": {self.nodes[0]["name"]: {"engine": "self"}}, "commit_timer": "30s",
                                "upstream": {"name": "isp", "v4": "198.51.100.1/24", "v6": "2001:db8:100::1/64"}},
        }
        if storage:
            files["storage/ceph.yaml"] = storage
        return files

    def write(self, folder):
        for path, doc in self.files.items():
            file = pathlib.Path(folder) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(yaml.dump(doc, Dumper=Plain, sort_keys=False, allow_unicode=True, width=110))
        return pathlib.Path(folder)

    # ---- what should be true ----

    def pings(self):
        """(node, node, VLAN id, IPv4 address of the second in it, whether the first reaches it) for every pair. An
        address in a VLAN of one's own is reached directly; any other by the gateway, when that routes its VLAN, and
        when the answer finds its way back."""
        for a in self.nodes:
            for b in self.nodes:
                for vlan in b["vlans"]:
                    if a is not b:
                        yield a["name"], b["name"], vlan["id"], self.vlan_v4(vlan, b["host"]), self.reaches(a, b, vlan)

    @staticmethod
    def reaches(a, b, vlan):
        if vlan in a["vlans"]:
            return True
        back = a["gateway"] and (a["gateway"] in b["vlans"] or b["gateway"])
        return bool(a["gateway"] and vlan["routed"] and back)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    Lab(int(sys.argv[1])).write(sys.argv[2])

"""Ansible's part of the bench: the same three switches and router, told what they hold already, so that nothing is to do.

The playbook gives each switch its own configuration by `eos_config` and the router its own rows by `api_modify`.
"""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV = ROOT / "build-bench" / "ansible"
WANTED = ["ansible==10.7.0", "librouteros==3.4.1"]
PATHS = ["ip firewall filter", "ip firewall nat", "ip firewall address-list", "ip address", "ip route", "ipv6 firewall filter",
         "ipv6 address", "ipv6 route"]
SWITCHES = ("core", "leaf", "admin")
FETCH = "fetch.yml"


class Absent(Exception):
    """Why Ansible cannot run here."""


def install():
    """Ansible of a pinned version in a virtual environment of the bench."""
    stamp = VENV / "bench-requirements"
    if stamp.exists() and stamp.read_text() == "\n".join(WANTED):
        return
    for argv in ([sys.executable, "-m", "venv", VENV], [VENV / "bin/pip", "install", "-q", *WANTED]):
        done = subprocess.run(argv, capture_output=True, text=True)
        if done.returncode:
            raise Absent((done.stderr.strip().splitlines() or ["pip gave no reason"])[-1])
    stamp.write_text("\n".join(WANTED))


class Ansible:
    """A folder with inventory and playbooks for the lab whose state is `state`, running as process `pid`."""

    def __init__(self, folder, state, pid):
        install()
        self.folder, self.state, self.pid = folder, state, pid
        folder.mkdir()
        self.targets = json.loads((state / "credentials.json").read_text())["targets"]
        spec = json.loads((state / "run/twin-spec.json").read_text())
        self.address = {d["name"]: d["management"]["addresses"][0].split("/")[0] for d in spec["switches"]}
        self.address["edge"] = spec["routers"][0]["management"]["addresses"][0].split("/")[0]
        self.write_inventory()
        (folder / "ansible.cfg").write_text("[defaults]\ninventory = hosts.json\nhost_key_checking = false\ngathering = explicit\n"
                                            f"retry_files_enabled = false\ninterpreter_python = {VENV}/bin/python\n")

    def write_inventory(self):
        switches = {name: {"ansible_host": self.address[name], "ansible_user": self.targets[name]["user"],
                           "ansible_password": self.targets[name]["password"],
                           "configuration": str(self.state / "twin/switches" / name / "startup-config")} for name in SWITCHES}
        common = {"ansible_connection": "ansible.netcommon.httpapi", "ansible_network_os": "arista.eos.eos",
                  "ansible_httpapi_use_ssl": True, "ansible_httpapi_validate_certs": False,
                  "ansible_become": True, "ansible_become_method": "ansible.netcommon.enable"}
        router = {"ansible_connection": "local", "address": self.address["edge"], **self.targets["edge"]}
        doc = {"all": {"children": {"switches": {"hosts": switches, "vars": common}, "routers": {"hosts": {"edge": router}}}}}
        (self.folder / "hosts.json").write_text(json.dumps(doc))

    def router_play(self, tasks):
        login = {"hostname": "{{ address }}", "username": "{{ user }}", "password": "{{ password }}", "tls": True,
                 "validate_certs": False}
        return {"hosts": "routers", "gather_facts": False, "module_defaults": {"group/community.routeros.api": login}, "tasks": tasks}

    def write_playbooks(self):
        """First asks the router for its rows, then writes the playbook that declares just them."""
        rows = {path: "rows_" + path.replace(" ", "_").replace("-", "_") for path in PATHS}
        fetch = [{"name": path, "community.routeros.api_info": {"path": path, "hide_defaults": True}, "register": name}
                 for path, name in rows.items()]
        pairs = ", ".join(f"'{path}': {name}.result" for path, name in rows.items())
        fetch.append({"copy": {"dest": str(self.folder / "rows.json"), "content": "{{ {" + pairs + "} | to_json }}"}})
        self.play([self.router_play(fetch)], FETCH)
        rows = json.loads((self.folder / "rows.json").read_text())
        self.rows = sum(len(r) for r in rows.values())
        tasks = [{"name": path, "community.routeros.api_modify": {
            "path": path, "data": [{k: v for k, v in row.items() if not k.startswith((".", "!"))} for row in data]}}
            for path, data in rows.items() if data]
        text = [{"hosts": "switches", "gather_facts": False,
                 "tasks": [{"name": "configuration", "arista.eos.eos_config": {"src": "{{ configuration }}"}}]},
                self.router_play(tasks)]
        (self.folder / "site.yml").write_text(json.dumps(text))

    def play(self, plays, name):
        (self.folder / name).write_text(json.dumps(plays))
        return self.run(name)

    def run(self, playbook="site.yml"):
        """Runs the playbook in the network of the lab; gives Ansible's own count of hosts as text."""
        env = os.environ | {"ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"), "ANSIBLE_HOME": str(self.folder / "home"),
                            "ANSIBLE_LOCAL_TEMP": str(self.folder / "tmp"), "ANSIBLE_PERSISTENT_CONTROL_PATH_DIR": str(self.folder / "pc"),
                            "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"}
        user = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
        done = subprocess.run(["nsenter", "-t", self.pid, *user, "-n", VENV / "bin/ansible-playbook", playbook],
                              cwd=self.folder, env=env, capture_output=True, text=True)
        if done.returncode:
            raise Absent(f"ansible-playbook failed: {done.stdout[-1500:]}{done.stderr[-1500:]}")
        return done.stdout

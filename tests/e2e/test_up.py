"""The reference lab as its owner would try it: up, status, plan, drift, faults, down."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

from conftest import ROOT, Lab, need_namespaces, share_root, wait_for

BUILT = {"edge-router", "core-switch", "leaf-switch", "admin-switch", "wan", "control-nodes", "worker-nodes"}


def plan_exit(lab):
    return lab.qs("plan", "--detailed-exitcode", check=False).returncode


def up_signals(lab):
    return {n for n, s in lab.signals().items() if s["state"] == "up"}


def ping(lab, part, address, deadline=2):
    return lab.inside(part, "ping", "-n", "-c", "1", "-W", str(deadline), address).returncode == 0


def host_pid(lab, inside):
    """The pid on the host of a process that the container knows as `inside`."""
    ns = os.readlink(f"/proc/{(lab.state / 'run' / 'pid').read_text().strip()}/ns/pid")
    for p in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            status = (p / "status").read_text()
            if os.readlink(p / "ns/pid") != ns:
                continue
        except OSError:
            continue
        if int(next(l for l in status.splitlines() if l.startswith("NSpid")).split()[-1]) == inside:
            return int(p.name)
    pytest.fail(f"no process {inside} inside")


def fences(lab, pid):
    """What the kernel says of a process of the container: ids as the container counts them, and its fences."""
    def counted(ids, kind):
        rows = [list(map(int, l.split())) for l in open(f"/proc/{pid}/{kind}_map")]
        return {next(i + int(n) - o for i, o, size in rows if o <= int(n) < o + size) for n in ids}

    fields = dict(l.rstrip("\n").split(":\t", 1) for l in open(f"/proc/{pid}/status"))
    return {"uid": counted(fields["Uid"].split(), "uid"), "gid": counted(fields["Gid"].split(), "gid"),
            "caps": [int(fields[c], 16) for c in ("CapPrm", "CapEff", "CapBnd")],
            "no_new_privs": fields["NoNewPrivs"].strip(), "seccomp": fields["Seccomp"].strip()}


def reads(lab, role_id, path):
    """Whether that id of the container can read a file there."""
    pid = (lab.state / "run" / "pid").read_text().strip()
    done = subprocess.run(["nsenter", "-t", pid, "-U", "-m", "-S", "0", "-G", "0", "setpriv", f"--reuid={role_id}",
                           f"--regid={role_id}", "--groups=65000", "cat", path], capture_output=True, text=True)
    assert done.returncode == 0 or "Permission denied" in done.stderr, done.stderr
    return done.returncode == 0


PYEAPI = """
import json, ssl, sys, pyeapi
node = pyeapi.connect(transport="https", host=sys.argv[1], username=sys.argv[2], password=sys.argv[3], return_node=True,
                      context=ssl._create_unverified_context())
print(json.dumps(node.config(json.loads(sys.argv[4]))))
"""


def by_hand(lab, device, address, *lines):
    """Configures an emulated switch as a person with pyeapi would."""
    pytest.importorskip("pyeapi", reason="skipped: pyeapi is not installed")
    who = lab.credentials(device)
    done = lab.in_network(sys.executable, "-c", PYEAPI, address, who["user"], who["password"], json.dumps(lines))
    assert done.returncode == 0, done.stderr


def test_status_lists_five_groups_and_22_signals_and_the_built_ones_are_up(lab):
    doc = json.loads(lab.qs("platform", "status", "--json").stdout)
    assert doc["format"] == "qs.status/1"
    assert [len(g["components"]) for g in doc["groups"]] == [5, 3, 3, 3, 8]
    assert up_signals(lab) == BUILT
    for name, s in lab.signals().items():
        if name not in BUILT:
            assert s["state"] == "pending" and s["message"], name


def test_each_role_runs_behind_its_fences_with_an_id_of_its_own(lab):
    network, routes = 0x3000, 0x43000  # CAP_NET_ADMIN and CAP_NET_RAW; the router chroots to run nft
    kept = {"twin-switch": network, "twin-router": routes}
    taken = set()
    for name, role in lab.roles().items():
        found = fences(lab, host_pid(lab, role["pid"]))
        assert found["caps"] == [kept.get(role["role"], 0)] * 3, name
        assert (found["no_new_privs"], found["seccomp"]) == ("1", "2"), name
        if role["role"] == "twin-node":
            assert found["uid"] == found["gid"] == {0}, name
            continue
        assert len(found["uid"]) == 1 and found["uid"] == found["gid"], name
        assert 0 not in found["uid"] and not found["uid"] & taken, name
        taken |= found["uid"]


def test_credentials_are_readable_by_the_executor_alone(lab):
    ids = {n: fences(lab, host_pid(lab, r["pid"]))["uid"].pop() for n, r in lab.roles().items()}
    readers = {n for n, i in ids.items() if i and reads(lab, i, "/state/credentials.json")}
    assert readers == {"executor"}
    assert {n for n, i in ids.items() if i and reads(lab, i, "/state/run/status.key")} == {"status"}
    for name, role_id in ids.items():  # the key of the nodes, the devices' own, and what others keep
        for path in ("/state/twin/ssh/id_ed25519", "/state/twin/keys/core.key", "/state/journal.db", "/state/status.db"):
            assert not role_id or not reads(lab, role_id, path), (name, path)


@pytest.mark.parametrize("name", ["executor", "status", "edge", "leaf"])
def test_a_killed_role_comes_back_as_who_it_was(lab, name):
    before = lab.roles()[name]
    was = fences(lab, host_pid(lab, before["pid"]))
    os.kill(host_pid(lab, before["pid"]), signal.SIGKILL)
    wait_for(lambda: (r := lab.roles()[name])["state"] == "ready" and r["pid"] != before["pid"], what=f"{name} restarts")
    assert fences(lab, host_pid(lab, lab.roles()[name]["pid"])) == was
    wait_for(lambda: up_signals(lab) == BUILT, 60, "all up again")
    assert plan_exit(lab) == 0


def test_second_plan_has_nothing_to_do(lab):
    assert plan_exit(lab) == 0


@pytest.mark.parametrize("part,address,passes", [
    ("cp1", "10.0.20.12", True),        # same VLAN
    ("cp1", "10.0.20.1", True),         # its gateway
    ("cp1", "fd51:7a3e:9c00:20::21", True),
    ("cp1", "10.0.30.21", True),        # Ceph public: a member itself
    ("cp1", "10.0.31.21", True),        # Ceph cluster: a member itself
    ("self", "10.0.20.11", True),       # routed by the core switch
    ("self", "10.0.31.11", False),      # the cluster VLAN has no gateway
    ("self", "10.0.0.11", True),        # management port, out of band
    ("cp1", "10.0.0.11", False),        # servers do not reach it
])
def test_packets_pass_exactly_where_the_lab_says(lab, part, address, passes):
    assert ping(lab, part, address) == passes


def test_before_apply_no_vlan_passes_a_packet(fresh_lab):
    fresh_lab.up("--no-apply")
    assert plan_exit(fresh_lab) == 2
    assert not ping(fresh_lab, "cp1", "10.0.20.12", 1)
    assert not ping(fresh_lab, "cp1", "10.0.20.1", 1)
    assert ping(fresh_lab, "self", "10.0.0.11")
    fresh_lab.qs("apply", "--yes")
    assert plan_exit(fresh_lab) == 0
    # The kernel may still be giving up on the neighbour that it asked for above: what is sent until then is lost with it.
    wait_for(lambda: ping(fresh_lab, "cp1", "10.0.20.12"), 10, "a ping from cp1 to cp2")


def test_drift_by_hand_is_named_exactly_and_apply_puts_it_right(lab):
    by_hand(lab, "leaf", "10.0.0.12", "no vlan 31", "username mallory privilege 15 nopassword")
    try:
        assert plan_exit(lab) == 2
        drift = json.loads(lab.qs("drift", "--json", check=False).stdout)
        found = {(t["name"], how, c["type"], c["name"]) for t in drift["targets"]
                 for how in ("differs", "added", "removed", "moved") for c in t.get(how, [])}
        assert found == {("leaf", "removed", "vlan", "31"), ("leaf", "added", "user", "mallory")}
    finally:
        lab.qs("apply", "--yes")
    assert plan_exit(lab) == 0
    wait_for(lambda: lab.signals()["leaf-switch"]["state"] == "up", what="leaf switch up again")


@pytest.mark.parametrize("part,name", [("leaf", "leaf-switch"), ("edge", "edge-router")])
def test_a_stopped_part_takes_only_what_rests_on_it_down(lab, part, name):
    pid = host_pid(lab, lab.roles()[part]["pid"])
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_for(lambda: lab.signals()[name]["state"] != "up", what=f"{name} leaves up")
        assert {"core-switch", "admin-switch"} <= up_signals(lab)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: up_signals(lab) == BUILT, 60, "all up again")


def test_a_killed_part_comes_back_with_its_configuration(lab):
    before = lab.roles()["core"]
    os.kill(host_pid(lab, before["pid"]), signal.SIGKILL)
    wait_for(lambda: (r := lab.roles()["core"])["state"] == "ready" and r["pid"] != before["pid"], what="core restarts")
    wait_for(lambda: up_signals(lab) == BUILT, 60, "all up again")
    assert ping(lab, "cp1", "10.0.20.1")
    assert plan_exit(lab) == 0


def test_up_on_a_running_lab_converges_it_and_starts_nothing_twice(lab):
    before = {n: r["pid"] for n, r in lab.roles().items()}
    lab.up()
    assert {n: r["pid"] for n, r in lab.roles().items()} == before


def namespaces():
    return set(subprocess.run(["lsns", "-n", "-o", "NS"], capture_output=True, text=True).stdout.split())


def links():
    return set(os.listdir("/sys/class/net"))


def mounts(lab):
    return [l for l in open("/proc/self/mounts") if str(lab.state) in l]


def test_down_leaves_the_machine_as_it_was(fresh_lab):
    before = namespaces(), links()
    fresh_lab.up()
    fresh_lab.qs("down")
    wait_for(lambda: namespaces() <= before[0], what="no namespace is left")
    assert links() == before[1]
    assert mounts(fresh_lab) == []
    assert sorted(p.name for p in fresh_lab.state.iterdir()) == ["roots"]


def test_kill_9_of_everything_leaves_nothing_and_the_next_start_goes_on(fresh_lab):
    before = namespaces(), links()
    fresh_lab.up()
    pid1 = int((fresh_lab.state / "run" / "pid").read_text())
    parent = int(next(l for l in open(f"/proc/{pid1}/status") if l.startswith("PPid")).split()[1])
    os.kill(parent, signal.SIGKILL)
    wait_for(lambda: not pathlib.Path(f"/proc/{pid1}").exists(), what="pid 1 of the container is gone")
    wait_for(lambda: namespaces() <= before[0], what="no namespace is left")
    assert links() == before[1]
    assert mounts(fresh_lab) == []
    fresh_lab.up()
    assert plan_exit(fresh_lab) == 0


def test_works_for_an_ordinary_user():
    need_namespaces()
    if os.geteuid() != 0:
        pytest.skip("skipped: the other tests ran as an ordinary user already")
    if not shutil.which("newuidmap"):
        pytest.skip("skipped: package uidmap is missing")
    name, port = "qs-test-user", Lab("/").port
    if subprocess.run(["id", name], capture_output=True).returncode:
        subprocess.run(["useradd", "-m", name], check=True)
    work = pathlib.Path(f"/home/{name}/qs")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    shutil.copy(os.environ.get("QS", ROOT / "build" / "qs"), work / "qs")
    shutil.copytree(ROOT / "lab", work / "lab")
    one = Lab(work / "state", work / "lab")
    share_root(one.state)
    subprocess.run(["chown", "-R", f"{name}:", work], check=True)

    def as_user(*args):
        return subprocess.run(["runuser", "-u", name, "--", work / "qs", *args, "--state", one.state, "--lab", one.lab],
                              capture_output=True, text=True, timeout=400, cwd=work)

    try:
        done = as_user("up", "--detach", "--port", str(port))
        assert done.returncode == 0, done.stderr
        assert as_user("plan", "--detailed-exitcode").returncode == 0
        done = as_user("plan", "--offline")  # from the journal that the executor holds open
        assert done.returncode == 0, done.stderr
        done = as_user("down")
        assert done.returncode == 0, done.stderr
    finally:
        as_user("down", "--purge")
        subprocess.run(["pkill", "-KILL", "-u", name])
        subprocess.run(["userdel", "-r", name], capture_output=True)


LEASE = """
import ssl, sys, pyeapi
node = pyeapi.connect(transport="https", host=sys.argv[1], username=sys.argv[2], password=sys.argv[3], return_node=True,
                      context=ssl._create_unverified_context())
node.run_commands(sys.argv[4:])
"""


def test_a_switch_that_another_qs_is_changing_is_refused_by_name(lab):
    pytest.importorskip("pyeapi", reason="skipped: pyeapi is not installed")
    who = lab.credentials("leaf")

    def on_the_switch(*lines):
        done = lab.in_network(sys.executable, "-c", LEASE, "10.0.0.12", who["user"], who["password"], *lines)
        assert done.returncode == 0, done.stderr

    on_the_switch("configure session qs-OTHERQS1-7", "vlan 77", "exit", "end")
    by_hand(lab, "leaf", "10.0.0.12", "username mallory privilege 15 nopassword")
    try:
        done = lab.qs("apply", "--yes", check=False)
        assert done.returncode == 1
        assert "leaf" in done.stderr + done.stdout and "another qs is changing it, in session 'qs-OTHERQS1-7'" in done.stderr + done.stdout
    finally:
        on_the_switch("configure session qs-OTHERQS1-7 abort")
        lab.qs("apply", "--yes")
    assert plan_exit(lab) == 0

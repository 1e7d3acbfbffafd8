"""The executor is killed before and after every journal write and device request; the next apply ends in the same state.

A prober inside the management network watches that a switch's API answers all the while.
"""
import os
import shutil
import subprocess

import pytest

from conftest import QS, ROOT, Lab, need_namespaces, wait_for

COMMIT_TIMER_S = 30  # lab/sites/twin.yaml
POINTS_A_START = 4   # the supervisor waits twice as long after every death; a new one begins anew

PROBER = """
import socket, sys, time
longest, last = 0.0, time.monotonic()
print("probing", flush=True)
while True:
    try:
        socket.create_connection((sys.argv[1], 443), 1).close()
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    except OSError:
        pass
    if sys.stdin in __import__("select").select([sys.stdin], [], [], 0.2)[0]:
        break
print(max(longest, time.monotonic() - last))
"""


def changed_lab(folder):
    """The reference lab with one VLAN more and one port described otherwise: two switches change."""
    shutil.copytree(ROOT / "lab", folder / "lab")
    shutil.copytree(ROOT / "docs", folder / "docs")
    vlans = folder / "lab/network/vlans.yaml"
    vlans.write_text(vlans.read_text() + "\n  - id: 60\n    name: spare\n    purpose: a VLAN that comes and goes\n    gateway: none\n")
    switches = folder / "lab/network/switches.yaml"
    text = switches.read_text()
    text = text.replace("vlans: [20, 30, 31]", "vlans: [20, 30, 31, 60]").replace("vlans: [10, 40]", "vlans: [10, 40, 60]")
    switches.write_text(text)
    return folder / "lab"


def settle(lab):
    """Applies until nothing is left to do; a killed executor comes back and goes on."""
    def clean():
        lab.qs("apply", "--yes", check=False)
        return lab.qs("plan", "--detailed-exitcode", check=False).returncode == 0
    wait_for(clean, 90, "the lab is as wanted")


def faults(lab):
    return lab.state / "faults"


def points_of_one_apply(lab, wanted):
    counter = faults(lab) / "points"
    counter.unlink(missing_ok=True)
    lab.lab = wanted
    lab.qs("apply", "--yes")
    return counter.read_text().splitlines()


@pytest.fixture
def armed(tmp_path):
    need_namespaces()
    tmp_path.chmod(0o755)
    lab = Lab(tmp_path / "state")
    yield lab, changed_lab(tmp_path)
    lab.lab = ROOT / "lab"
    lab.qs("down", check=False)


def start(lab):
    """The reference lab from nothing: the supervisor has no restarts to its count, so none is slowed down."""
    lab.lab = ROOT / "lab"
    lab.qs("down", check=False)
    folder = faults(lab)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    folder.chmod(0o777)  # the executor counts and disarms under an id of its own
    lab.up(env={"QS_FAULT_FILE": "/state/faults/fault", "QS_FAULT_COUNT": "/state/faults/points"})


def kill_at(lab, point):
    """Arms the running executor: it dies at the point-th fault point from now."""
    temp = faults(lab) / "fault.new"
    temp.write_text(f"{point}\n")
    os.rename(temp, faults(lab) / "fault")


def kill_one_after_another(lab, other, points):
    """Dies once at each point, of an apply now to one lab, now to the other. Returns how often, and the longest silence."""
    probe = subprocess.Popen([QS, "twin", "exec", "--state", lab.state, "self", "--", "python3", "-c", PROBER, "10.0.0.12"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert probe.stdout.readline() == "probing\n"
    died = 0
    for turn, point in enumerate(points):
        lab.lab = [other, ROOT / "lab"][turn % 2]
        before = lab.roles()["executor"]["pid"]
        kill_at(lab, point)
        lab.qs("apply", "--yes", check=False)
        (faults(lab) / "fault").unlink(missing_ok=True)
        wait_for(lambda: lab.roles()["executor"]["state"] == "ready", what="the executor is back")
        died += lab.roles()["executor"]["pid"] != before
        settle(lab)
        drift = lab.json("drift")
        assert all(t["state"] == "in-sync" for t in drift["targets"]), (point, drift)
    return died, float(probe.communicate("\n", timeout=30)[0])


def run_through(armed, every):
    lab, other = armed
    start(lab)
    count = len(points_of_one_apply(lab, other))
    assert count > 20
    points = list(range(1, count + 1, every))
    died = 0
    for at in range(0, len(points), POINTS_A_START):
        start(lab)
        batch_died, silence = kill_one_after_another(lab, other, points[at:at + POINTS_A_START])
        died += batch_died
        assert silence < COMMIT_TIMER_S
    assert died > 0, "no point was reached: the test proves nothing"


def test_killed_at_some_points_the_next_apply_ends_in_the_same_state(armed):
    run_through(armed, 17)


@pytest.mark.heavy
def test_killed_at_every_point_the_next_apply_ends_in_the_same_state(armed):
    run_through(armed, 1)

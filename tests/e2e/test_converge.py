"""Plan, apply, drift, history and rollback on the running twin, and the executor's API with a client of its own."""
import json
import os
import shutil
import signal
import subprocess

import pytest

from conftest import ROOT, wait_for


@pytest.fixture(scope="module")
def commented(tmp_path_factory):
    """The reference lab with one description changed: one change on the edge router, none elsewhere."""
    folder = tmp_path_factory.mktemp("commented")
    shutil.copytree(ROOT / "lab", folder / "lab")
    shutil.copytree(ROOT / "docs", folder / "docs")
    router = folder / "lab/network/router.yaml"
    router.write_text(router.read_text().replace("description: core switch", "description: the core switch"))
    return folder / "lab"


@pytest.fixture
def other(lab, commented):
    """The lab under the changed folder; goes back to the reference lab at the end."""
    lab.lab = commented
    yield lab
    lab.lab = ROOT / "lab"
    lab.qs("apply", "--yes", "--release")


def api(lab, method, path, body=None):
    """Status and document of one exchange with the executor, by curl."""
    data = ["--data-binary", body] if body is not None else []
    done = subprocess.run(["curl", "-s", "-X", method, *data, "-w", "\n%{http_code}", "--unix-socket",
                           lab.state / "run/executor.sock", f"http://executor{path}"], capture_output=True, text=True, timeout=60)
    text, status = done.stdout.rsplit("\n", 1)
    return int(status), json.loads(text)


def pid_of(lab, name):
    """The host's pid of a process of the twin."""
    inside = str(lab.roles()[name]["pid"])
    supervisor = (lab.state / "run/pid").read_text().strip()
    for task in subprocess.run(["pgrep", "-P", supervisor], capture_output=True, text=True).stdout.split():
        for line in open(f"/proc/{task}/status"):
            if line.startswith("NSpid:") and line.split()[-1] == inside:
                return int(task)
    raise AssertionError(f"{name} (pid {inside} inside) was not found")


@pytest.fixture
def stopped_leaf(lab):
    pid = pid_of(lab, "leaf")
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)
    wait_for(lambda: lab.qs("plan", check=False).returncode == 0, what="leaf answers again")


def test_a_second_apply_changes_nothing_and_leaves_no_trace(lab):
    before = lab.json("history")
    assert lab.qs("apply").stdout == "No changes: what runs is what is declared.\n"
    assert lab.json("history") == before


def test_one_op_follows_an_apply_through_the_log(lab):
    events = [json.loads(line) for line in (lab.state / "run" / "qs.log").read_text().splitlines() if line.startswith("{")]
    apply = next(e["apply"] for e in events if e["ev"] == "apply.started")
    followed = [e for e in events if e.get("op") == apply]
    assert [followed[0]["ev"], followed[-1]["ev"]] == ["apply.started", "apply.ended"]
    assert {e["device"] for e in followed if e["ev"] == "device.applied"} == {"core", "leaf", "admin", "edge"}
    assert all("op" not in e for e in events if e["ev"] == "signal.changed")


def test_a_saved_plan_is_applied_exactly_once(other, tmp_path):
    saved = tmp_path / "plan.json"
    other.qs("plan", "--out", saved)
    assert json.loads(saved.read_text())["format"] == "qs.plan/1"
    assert "1 done, 3 unchanged" in other.qs("apply", saved).stdout
    again = other.qs("apply", saved, check=False)
    assert again.returncode == 1
    assert "edge: the plan is stale: the device changed since it was made" in again.stderr


def test_a_saved_plan_of_another_lab_is_refused(other, tmp_path):
    saved = tmp_path / "plan.json"
    other.qs("plan", "--out", saved)
    other.lab = ROOT / "lab"
    refused = other.qs("apply", saved, check=False)
    assert refused.returncode == 1
    assert refused.stderr.startswith("qs: the plan is stale: the lab changed since it was made\n")


def test_a_rollback_brings_back_and_holds_until_released(other):
    first = other.json("history")["applies"][0]["id"]
    other.qs("apply", "--yes")
    other.qs("rollback", first, "--yes")
    newest = other.json("history")["applies"][0]
    assert (newest["kind"], newest["rollback"], newest["held"]) == ("rollback", first, ["admin", "core", "edge", "leaf"])
    held = other.qs("plan", "--detailed-exitcode")
    assert f"held by rollback {newest['id']}" in held.stdout
    assert "4 held" in held.stdout
    other.qs("apply", "--release", "--yes")
    assert other.qs("plan", "--detailed-exitcode").stdout.startswith("No changes")
    missing = other.qs("rollback", "nonsense", check=False)
    assert (missing.returncode, missing.stderr.splitlines()[0]) == (1, "qs: there is no apply 'nonsense'")


def test_history_shows_what_an_apply_changed_and_a_rollback_undoes_it_on_the_device(other):
    first = other.json("history")["applies"][0]["id"]
    other.qs("apply", "--yes")
    made = other.json("history")["applies"][0]["id"]
    shown = other.qs("history", made).stdout
    assert shown.startswith(f"apply {made}: done, started ")
    assert "\nedge: done\n  ~ " in shown and '"core switch" → "the core switch"' in shown
    native = other.qs("history", made, "--native").stdout
    assert "the core switch" in native and "→" not in native
    other.qs("rollback", first, "--yes")
    other.lab = ROOT / "lab"
    assert other.qs("plan", "--release", "--detailed-exitcode").returncode == 0, "the device is as it was before"
    back = other.json("history")["applies"][0]["id"]
    assert '"the core switch" → "core switch"' in other.qs("history", back).stdout
    other.qs("apply", "--yes", "--release")
    assert other.json("history")["applies"][0]["held"] == []


def test_a_hung_device_is_named_and_the_others_finish(other, stopped_leaf):
    done = other.qs("apply", "--yes", check=False, timeout=60)
    assert done.returncode == 1
    assert "switch 'leaf'" in done.stderr
    assert "1 done, 2 unchanged, 1 failed" in done.stdout


def test_a_wrong_certificate_is_refused_by_name(lab):
    path = lab.state / "credentials.json"
    right = path.read_text()
    wrong = json.loads(right)
    wrong["targets"]["leaf"]["pin"] = "00" * 32
    try:
        path.write_text(json.dumps(wrong))
        plan = lab.qs("plan", check=False)
        assert plan.returncode == 1
        assert "switch 'leaf'" in plan.stdout and "is not the pinned 0000000000000000" in plan.stdout
    finally:
        path.write_text(right)
    lab.qs("plan")


def test_the_offline_plan_needs_no_daemon_and_says_how_old_it_is(other, tmp_path):
    plan = other.qs("plan", "--offline", "--detailed-exitcode", check=False)
    assert plan.returncode == 2
    assert "offline, compared with what was observed" in plan.stdout
    assert other.json("plan", "--offline")["offline"] is True
    other.state, kept = tmp_path / "none", other.state
    try:
        assert "nothing for 4 targets never observed" in other.qs("plan", "--offline").stdout
    finally:
        other.state = kept


@pytest.mark.parametrize("method,path,body,status,message", [
    ("GET", "/v1/nothing", None, 404, "there is no /v1/nothing"),
    ("GET", "/v1/plan", None, 400, "/v1/plan does not take GET"),
    ("POST", "/v1/plan", "{", 400, "not JSON"),
    ("POST", "/v1/plan", "{}", 400, "the wanted state is not a document of format qs.desired/1"),
    ("POST", "/v1/apply", '{"plan":{}}', 400, "this is not a plan of format qs.plan/1"),
    ("POST", "/v1/release", '{"target":"core"}', 404, "target 'core' is not held"),
    ("GET", "/v1/targets?refresh_s=-1", None, 400, "refresh_s '-1' is not in 0..86400"),
    ("GET", "/v1/history/ZZZ", None, 404, "there is no apply 'ZZZ'"),
])
def test_the_api_says_what_is_wrong(lab, method, path, body, status, message):
    code, doc = api(lab, method, path, body)
    assert code == status
    assert message in doc["error"]["message"]


def test_the_api_tells_health_and_how_targets_stand(lab):
    assert api(lab, "GET", "/healthz")[1]["status"] == "up"
    code, doc = api(lab, "GET", "/v1/targets?refresh_s=0")
    assert code == 200
    assert {t["name"]: t["state"] for t in doc["targets"]} == {n: "in-sync" for n in ("admin", "core", "edge", "leaf")}


def test_no_secret_is_in_the_journal(lab):
    secrets = {t["password"] for t in json.loads((lab.state / "credentials.json").read_text())["targets"].values()}
    for file in lab.state.glob("journal.db*"):
        data = file.read_bytes()
        assert not [s for s in secrets if s.encode() in data]

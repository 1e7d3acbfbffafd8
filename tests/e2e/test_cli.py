"""The command line itself: words, flags, help, completions; no lab runs."""
import json
import shutil
import subprocess

import pytest

from conftest import QS, ROOT


def qs(*args, **kw):
    return subprocess.run([QS, *args], capture_output=True, text=True, cwd=ROOT, timeout=60, **kw)


def verbs():
    lines = qs("help").stdout.split("Verbs:\n")[1].split("\n\n")[0].splitlines()
    return [line[2:18].strip() for line in lines]


def test_every_verb_of_the_contract_is_there():
    wanted = {"up", "down", "check", "plan", "apply", "platform status", "status", "drift", "history", "rollback", "adr", "schema",
              "init", "twin", "completion", "version", "help"}
    assert wanted <= set(verbs())


def test_every_verb_explains_itself_and_data_goes_to_stdout():
    for verb in verbs():
        done = qs("help", *verb.split())
        assert done.returncode == 0 and done.stdout.startswith(f"qs {verb}:") and not done.stderr
        assert qs(*verb.split(), "--help").stdout == done.stdout


@pytest.mark.parametrize("args,message,hint", [
    (["plann"], "qs: there is no verb 'plann'", "Did you mean 'qs plan'?"),
    (["plan", "--detach"], "qs: unknown flag '--detach'", "Run 'qs help plan' to see the flags."),
    (["plan", "--out"], "qs: flag '--out' needs a value: --out FILE", ""),
    (["down", "--purge=yes"], "qs: flag '--purge' takes no value", ""),
    (["version", "now"], "qs: 'qs version' takes fewer words", ""),
    (["completion", "tcsh"], "qs: no completions for shell 'tcsh'", "Use bash, zsh or fish."),
])
def test_wrong_words_get_a_clear_error(args, message, hint):
    done = qs(*args)
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.splitlines()[0] == message
    assert hint in done.stderr


def test_json_errors_have_a_format_and_a_code():
    doc = json.loads(qs("plan", "--site", "nowhere", "--json").stdout)
    assert doc["format"] in ("qs.error/1", "qs.problems/1")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_are_accepted_by_their_shell(shell):
    if not shutil.which(shell):
        pytest.skip(f"skipped: {shell} is not installed")
    script = qs("completion", shell).stdout
    assert "platform" in script
    flag = "-n" if shell != "fish" else "--no-execute"
    assert subprocess.run([shell, flag], input=script, text=True, capture_output=True).returncode == 0


def test_bash_completes_verbs_and_flags():
    script = qs("completion", "bash").stdout
    probe = script + '\nCOMP_WORDS=(qs pl) COMP_CWORD=1; _qs; echo "${COMPREPLY[@]}"\nCOMP_WORDS=(qs plan --na) COMP_CWORD=2; _qs; echo "${COMPREPLY[@]}"\n'
    assert sorted(subprocess.run(["bash"], input=probe, text=True, capture_output=True).stdout.split()) == ["--native", "plan", "platform"]


def test_the_man_page_has_every_verb():
    page = qs("help", "--man").stdout
    assert page.startswith(".TH QS 1")
    for verb in verbs():
        assert f"\n.SS qs {verb}" in page


def test_check_names_file_line_and_column(tmp_path):
    shutil.copytree(ROOT / "lab", tmp_path / "lab")
    vlans = tmp_path / "lab/network/vlans.yaml"
    vlans.write_text(vlans.read_text().replace("name: admin", "name: admin\n    colr: red", 1))
    done = subprocess.run([QS, "check", "--lab", "lab"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    first = done.stderr.splitlines()[0]
    assert first.startswith("lab/network/vlans.yaml:") and first.count(":") >= 3 and "colr" in first
    assert "colour" in done.stderr


def test_down_keeps_its_hands_off_the_state_of_a_rack(tmp_path):
    (tmp_path / "journal.db").write_text("kept")
    (tmp_path / "site").write_text("rack\n")
    done = qs("down", "--site", "rack", "--state", tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "qs: 'qs down' takes down a site of kind twin; 'rack' is of kind rack"
    assert qs("down", "--state", tmp_path).returncode == 1
    assert (tmp_path / "journal.db").read_text() == "kept"

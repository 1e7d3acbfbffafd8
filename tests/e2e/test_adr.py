"""The decision records: sound as they stand, refused with a place when they are not, and named by the plans they bear on."""
import datetime
import json
import re
import shutil
import subprocess

import pytest

from conftest import QS, ROOT


def qs(*args):
    return subprocess.run([QS, *map(str, args)], capture_output=True, text=True, cwd=ROOT, timeout=60)


@pytest.fixture
def records(tmp_path):
    """A copy of the records that a test may break."""
    return shutil.copytree(ROOT / "docs" / "adrs", tmp_path / "adrs")


def edit(records, number, pattern, text):
    file = next(records.glob(f"{number}-*.md"))
    changed, n = re.subn(pattern, text, file.read_text(), count=1, flags=re.M)
    assert n == 1, f"{file.name} has no {pattern}"
    file.write_text(changed)
    return file


def test_the_records_of_the_repository_are_sound():
    done = qs("adr", "check")
    count = len(list((ROOT / "docs" / "adrs").glob("*.md")))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{count} decision records are sound.\n", "")
    assert count >= 25


@pytest.mark.parametrize("number,pattern,text,want", [
    ("0008", "^depends_on: .*$", 'depends_on: ["0099"]', "1:1: ADR 0008 depends on 0099, which does not exist"),
    ("0008", "^supersedes: .*$", 'supersedes: ["0098"]', "1:1: ADR 0008 supersedes 0098, which does not exist"),
    ("0004", "^depends_on: .*$", 'depends_on: ["0008"]', "1:1: ADR 0004 depends on itself through others\n"
                                                         "    Remove one depends_on of the circle."),
    ("0001", "^date: .*\n", "", "2:1: the front matter lacks 'date'"),
    ("0001", "^## Why$", "### Why", "11:1: no section '## Why'"),
    ("0008", "^component: .*$", "component: [switchnig]",
     "1:1: ADR 0008 is about 'switchnig', which is no component of the lab\n    Name a row of lab/components, or qs."),
])
def test_a_broken_record_is_refused_with_its_place(records, number, pattern, text, want):
    file = edit(records, number, pattern, text)
    done = qs("adr", "check", "--adrs", records)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{file}:{want}\n")


def test_problems_are_a_document_with_json(records):
    file = edit(records, "0008", "^depends_on: .*$", 'depends_on: ["0099"]')
    done = qs("adr", "check", "--adrs", records, "--json")
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout) == {
        "format": "qs.problems/1", "more": 0,
        "problems": [{"file": str(file), "line": 1, "column": 1, "message": "ADR 0008 depends on 0099, which does not exist"}],
    }


def test_list_and_show_say_how_the_conditions_stand(records):
    yesterday = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)
    edit(records, "0004", "^revisit:$", f"revisit:\n  - date: {yesterday}\n    why: a year has gone")
    rows = {line[:4]: line.split(maxsplit=2)[2] for line in qs("adr", "list", "--adrs", records).stdout.splitlines()[1:]}
    assert rows["0004"].split()[0] == "fired"
    assert rows["0008"].startswith("rests on 0004 ")  # 0008 depends on 0004
    assert rows["0001"].startswith("1 armed ")
    shown = qs("adr", "show", "0008", "--adrs", records).stdout
    assert "In doubt: it rests on 0004, whose revisit condition fired.\n" in shown
    assert "  [unknown] drift: core > 3 in 30d (no history was given): " in shown
    assert f"  [fired] date: {yesterday} (today is " in qs("adr", "show", "0004", "--adrs", records).stdout


def test_an_unknown_record_or_word_is_an_error():
    assert qs("adr", "show", "9").stderr.splitlines()[0] == "qs: there is no ADR '9'"
    assert qs("adr", "tree").stderr.splitlines()[0] == "qs: 'qs adr tree' is not a thing"


def test_the_graph_has_every_record_and_every_dependency():
    text = qs("adr", "graph").stdout
    adrs = json.loads(qs("adr", "list", "--json").stdout)["adrs"]
    assert text.startswith("digraph decisions {") and text.endswith("}\n")
    assert set(re.findall(r'^  "(\d{4})" \[label=', text, re.M)) == {a["id"] for a in adrs}
    assert set(re.findall(r'^  "(\d{4})" -> "(\d{4})";$', text, re.M)) == {(a["id"], d) for a in adrs for d in a["depends_on"]}


def test_a_plan_names_the_decisions_that_it_touches(tmp_path):
    text = qs("plan", "--offline", "--state", tmp_path).stdout
    assert "\nDecisions touched: 0008, 0009\n" in text
    plan = json.loads(qs("plan", "--offline", "--state", tmp_path, "--json").stdout)
    assert plan["adrs"] == ["0008", "0009"]
    assert {t["name"]: t["adrs"] for t in plan["targets"]} == {
        "core": ["0008"], "leaf": ["0008"], "admin": ["0008"], "edge": ["0009"]}

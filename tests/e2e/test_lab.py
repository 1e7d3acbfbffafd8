"""The lab files as a user meets them: qs check, qs schema, qs init; schemas beside the files; random valid labs."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

yaml = pytest.importorskip("yaml")
jsonschema = pytest.importorskip("jsonschema")

ROOT = pathlib.Path(__file__).resolve().parents[2]
QS = os.environ.get("QS", str(ROOT / "build" / "qs"))
SEEDS = range(1, 41)

sys.path.insert(0, str(ROOT / "tests" / "gen"))
import lab as gen  # noqa: E402


def qs(*args, cwd=ROOT):
    return subprocess.run([QS, *map(str, args)], cwd=cwd, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def schemas(tmp_path_factory):
    """path inside a lab folder → validator, from what `qs schema --out` writes."""
    out = tmp_path_factory.mktemp("schemas")
    done = qs("schema", "--out", out)
    assert done.returncode == 0, done.stderr
    loaded = {}
    for line in done.stdout.splitlines():
        document = json.loads((out / line).read_text())
        jsonschema.Draft202012Validator.check_schema(document)
        loaded[line.removesuffix(".schema.json")] = jsonschema.Draft202012Validator(document)
    return loaded


def validator(schemas, path):
    name = path.as_posix().removesuffix(".yaml")
    return schemas.get(name) or schemas[path.parts[0]]


def complaints(schemas, folder):
    for file in sorted(pathlib.Path(folder).rglob("*.yaml")):
        inside = file.relative_to(folder)
        for error in validator(schemas, inside).iter_errors(yaml.safe_load(file.read_text())):
            yield f"{inside}: {error.json_path}: {error.message}"


def test_the_reference_lab_passes_for_every_site():
    done = qs("check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("lab: 6 VLANs, 4 devices, 9 nodes, 43 cables, 41 components, 22 signals: "
                           "no problems for cloud, rack, twin\n")


def test_the_reference_lab_fits_its_schemas(schemas):
    assert list(complaints(schemas, ROOT / "lab")) == []


def test_a_schema_refuses_what_the_loader_refuses(schemas):
    document = yaml.safe_load((ROOT / "lab/network/vlans.yaml").read_text())
    check = schemas["network/vlans"]
    for key, value in (("gatway", "core"), ("id", 5000), ("id", "20"), ("colour", "blue"), ("v4", "10.0.0.0"), ("name", "a b")):
        broken = json.loads(json.dumps(document))
        broken["vlans"][0][key] = value
        assert not check.is_valid(broken), (key, value)
    del document["vlans"][0]["id"]
    assert not check.is_valid(document)


def test_every_kind_of_file_prints_its_schema():
    for kind in qs("schema").stdout.split():
        done = qs("schema", kind)
        assert done.returncode == 0 and json.loads(done.stdout)["type"] == "object", kind
    done = qs("schema", "components/apps.yaml")
    assert done.returncode == 0 and "components" in json.loads(done.stdout)["properties"]
    done = qs("schema", "network/vlan.yaml")
    assert done.returncode == 1 and "'network/vlan.yaml' is no lab file" in done.stderr


def test_the_starting_lab_passes_and_is_not_written_twice(tmp_path, schemas):
    folder = tmp_path / "mine"
    assert qs("init", folder).stdout == f"{folder}\n"
    assert qs("check", "--lab", folder).returncode == 0
    assert list(complaints(schemas, folder)) == []
    again = qs("init", folder)
    assert again.returncode == 1 and "is not empty" in again.stderr


def test_what_is_wrong_is_said_with_place_and_hint(tmp_path):
    folder = tmp_path / "mine"
    qs("init", folder)
    vlans = folder / "network" / "vlans.yaml"
    vlans.write_text(vlans.read_text().replace("gateway: none", "gatway: none"))
    done = qs("check", "--lab", folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ("mine/network/vlans.yaml:4:51: vlans[2] 'storage': unknown key 'gatway'\n"
                           "    Did you mean 'gateway'?\n")
    document = json.loads(qs("check", "--json", "--lab", folder).stdout)
    assert document["format"] == "qs.problems/1"
    assert document["problems"] == [{"file": "mine/network/vlans.yaml", "line": 4, "column": 51,
                                     "message": "vlans[2] 'storage': unknown key 'gatway'",
                                     "hint": "Did you mean 'gateway'?"}]


@pytest.mark.parametrize("seed", SEEDS)
def test_random_labs_of_any_names_and_vlans_pass(seed, tmp_path, schemas):
    folder = gen.Lab(seed).write(tmp_path / "lab")
    done = qs("check", "--lab", folder)
    assert done.returncode == 0, done.stderr
    if seed % 8 == 0:
        assert list(complaints(schemas, folder)) == []


def test_a_seed_is_one_lab():
    assert gen.Lab(7).files == gen.Lab(7).files
    assert gen.Lab(7).files != gen.Lab(8).files

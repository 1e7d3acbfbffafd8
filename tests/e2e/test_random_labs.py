"""Random valid labs on the twin: who reaches whom must be what the lab says, for every pair."""
import json
import os
import sys

import pytest

from conftest import ROOT, Lab, need_namespaces, wait_for

sys.path.insert(0, str(ROOT / "tests" / "gen"))
import lab as gen  # noqa: E402

SEEDS = range(1, 21)
PINGS = """for a in "$@"; do (ping -n -c 2 -i 0.2 -W 2 "$a" >/dev/null 2>&1 && echo "$a") & done; wait"""


def reached(lab, node, addresses):
    """Which of the addresses answer a ping from the node."""
    done = lab.inside(node, "sh", "-c", PINGS, "ping", *addresses)
    return set(done.stdout.split())


@pytest.mark.parametrize("seed", SEEDS)
def test_all_pairs_ping_is_what_the_lab_says(seed, tmp_path):
    need_namespaces()
    made = gen.Lab(seed, max_nodes=12)
    made.write(tmp_path / "lab")
    lab = Lab(tmp_path / "state", tmp_path / "lab")
    try:
        lab.up()
        wanted = {}
        for node, _, _, address, passes in made.pings():
            wanted.setdefault(node, {})[address] = passes
        wrong = []
        for node, rows in wanted.items():
            got = reached(lab, node, sorted(rows))
            wrong += [(node, a, "should pass" if p else "should not pass") for a, p in rows.items() if (a in got) != p]
        assert not wrong, wrong[:10]
    finally:
        lab.qs("down", check=False)

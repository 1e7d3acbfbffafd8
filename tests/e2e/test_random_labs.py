"""Random valid labs on the twin: who reaches whom must be what the lab says, for every pair."""
import concurrent.futures
import sys

import pytest

from conftest import ROOT, Lab, need_namespaces

sys.path.insert(0, str(ROOT / "tests" / "gen"))
import lab as gen  # noqa: E402

SEEDS = range(1, 21)
# The first answer may wait for a neighbour to be found, so three tries within two seconds.
PINGS = """for a in "$@"; do (ping -n -c 3 -i 0.3 -w 2 "$a" 2>/dev/null | grep -q 'ttl=' && echo "$a") & done; wait"""


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
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for node, got in zip(wanted, pool.map(lambda n: reached(lab, n, sorted(wanted[n])), wanted)):
                wrong += [(node, a, "should pass" if p else "should not pass") for a, p in wanted[node].items() if (a in got) != p]
        assert not wrong, wrong[:10]
    finally:
        lab.qs("down", check=False)

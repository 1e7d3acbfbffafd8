"""The types of web/*.js, written as JSDoc, hold: TypeScript reads them and finds nothing."""
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "web"
STRICT = ["--allowJs", "--checkJs", "--noEmit", "--strict", "--target", "es2022", "--module", "es2022", "--lib", "es2022,dom,dom.iterable",
          "--noUncheckedIndexedAccess", "--noImplicitReturns", "--noUnusedLocals", "--noUnusedParameters", "--noFallthroughCasesInSwitch",
          "--exactOptionalPropertyTypes"]


def run(*argv):
    return subprocess.run(argv, cwd=HERE, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def tsc():
    npm = shutil.which("npm")
    if not npm:
        pytest.skip("skipped: npm is missing")
    program = HERE / "node_modules" / ".bin" / "tsc"
    if not program.exists():
        done = run(npm, "ci", "--no-audit", "--no-fund")
        if done.returncode:
            pytest.skip(f"skipped: npm could not install TypeScript: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
    return program


def test_every_script_of_the_pages_is_sound(tsc):
    scripts = sorted((ROOT / "web").glob("*.js"))
    assert scripts
    done = run(tsc, *STRICT, *scripts)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_type_is_found(tsc, tmp_path):
    wrong = tmp_path / "wrong.js"
    wrong.write_text('/** @param {number} n */\nexport function twice(n) {\n  return 2 * n;\n}\ntwice("two");\n')
    done = run(tsc, *STRICT, wrong)
    assert done.returncode and "TS2345" in done.stdout, done.stdout + done.stderr

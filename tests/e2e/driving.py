"""Runs a driver's steps on one session with build/drive, and what the tests of drivers share around it."""

import contextlib
import hashlib
import json
import os
import pathlib
import ssl
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
QS = os.environ.get("QS", str(ROOT / "build" / "qs"))
DRIVE = pathlib.Path(QS).parent / "drive"
CONVERGE = ["observe", "plan", "apply", "confirm"]


def certificate(folder):
    """Makes folder/cert and folder/key; gives the certificate's fingerprint."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", folder / "key", "-out", folder / "cert", "-subj", "/CN=device", "-days", "2"],
                   check=True, capture_output=True)
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert((folder / "cert").read_text())).hexdigest()


class Driving:
    """Drives one device. `conf` is the CONF of drive.c; each call may override some of it."""

    def __init__(self, folder, **conf):
        self.folder = folder
        self.conf = conf

    def write(self, more):
        path = self.folder / "drive.json"
        path.write_text(json.dumps(self.conf | more))
        return path

    def run(self, *steps, env=None, **more):
        """The reports of the steps by name, and the exit status."""
        done = subprocess.run([DRIVE, self.write(more), *steps], cwd=ROOT, capture_output=True, text=True, timeout=60,
                              env=os.environ | (env or {}))
        assert "Sanitizer" not in done.stderr, done.stderr
        return {report["step"]: report for report in map(json.loads, done.stdout.splitlines())}, done.returncode

    def converge(self):
        reports, status = self.run(*CONVERGE)
        assert status == 0, list(reports.values())[-1]
        return reports

    def changes(self):
        """What a plan would do, as (action, type, name)."""
        reports, status = self.run("observe", "plan")
        assert status == 0, reports
        return [(c["action"], c["type"], c["name"]) for c in reports["plan"]["changes"]]

    @contextlib.contextmanager
    def held(self, *steps, then, **more):
        """Runs the steps up to "hold", lets the block do something, and runs those in `then`; the list that the block
        gets then holds their last report."""
        last = []
        with subprocess.Popen([DRIVE, self.write(more), *steps, "hold", *then], cwd=ROOT, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                report = json.loads(line)
                assert report["code"] == "ok", report
                if report["step"] == steps[-1]:
                    break
            yield last
            out, _ = process.communicate("go\n", timeout=20)
        last.append(json.loads(out.splitlines()[-1]))

    def every_kill(self, fresh, end_state, points):
        """Kills the convergence at each of its points in turn, on a fresh device each time: reverting and converging
        again must end as a clean run does."""
        fresh()
        assert self.run(*CONVERGE, env={"QS_FAULT_COUNT": str(points)})[1] == 0
        clean = end_state()
        count = len(points.read_text().splitlines())
        assert count >= 10
        for n in range(1, count + 1):
            fresh()
            assert self.run(*CONVERGE, env={"QS_FAULT": str(n)})[1] != 0
            reports, status = self.run("revert", *CONVERGE)
            assert status == 0, (n, list(reports.values())[-1])
            assert self.changes() == [], n
            assert end_state() == clean, n

"""docs/api.md, done: its commands, as they stand, against the real service and the simulated carrier.
Only the ports are others, so that nothing is in the way."""
import csv
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess

from conftest import BUILD, PATIENCE, SOURCE, knows

pytestmark = knows("serve", "carrier")
TEXT = (SOURCE / "docs/api.md").read_text()


def free_port(kind):
    with socket.socket(type=kind) as s:
        s.bind(("127.0.0.1", 0))
        return str(s.getsockname()[1])


def script():
    blocks = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.M | re.S)
    assert len(blocks) > 10 and TEXT.count("```") == 2 * len(blocks), "every block is a shell's"
    text = "\n".join(blocks)
    for port, kind in (("8080", socket.SOCK_STREAM), ("5060", socket.SOCK_DGRAM)):
        text = re.sub(rf"\b{port}\b", free_port(kind), text)
    return text


def test_the_tour(tmp_path):
    (tmp_path / "build").symlink_to(BUILD)
    (tmp_path / "examples").symlink_to(SOURCE / "examples")
    (tmp_path / "tour.sh").write_text(script())
    with open(tmp_path / "out", "wb") as out:
        p = subprocess.Popen(["bash", "-euxo", "pipefail", "tour.sh"], cwd=tmp_path, stdout=out, stderr=out,
                             start_new_session=True, env={**os.environ, "PATH": "/usr/bin:" + os.environ["PATH"]})
        try:
            code = p.wait(240 * PATIENCE)
        finally:
            try:
                os.killpg(p.pid, signal.SIGKILL)  # what the tour started and did not end
            except ProcessLookupError:
                pass
            p.wait()
    said = (tmp_path / "out").read_text(errors="replace")
    assert code == 0, said[-4000:]

    def rows(sql):
        with sqlite3.connect(tmp_path / "tour/kolcast.db", timeout=10) as c:
            return c.execute(sql).fetchall()

    with open(tmp_path / "calls.csv", newline="", encoding="utf-8-sig") as f:
        calls = list(csv.DictReader(f))
    assert len(calls) >= 5 and len(calls) == rows("SELECT count(*) FROM call_records")[0][0]
    assert rows("SELECT state, name FROM campaigns") == [("cancelled", "Winter appeal")]
    assert rows("SELECT name FROM lists") == [("Donors 2026",)]
    assert rows("SELECT count(*) FROM blacklist WHERE number = 97225025003")[0][0] == 1
    refused = json.loads((tmp_path / "refused.json").read_text())
    assert refused["status"] == 412 and refused["errors"][0]["remedy"]
    assert '"type":"campaign.progress"' in said.replace(" ", "") or '"type":"metrics"' in said.replace(" ", "")

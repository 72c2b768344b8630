"""What each command loads, which no linter sees: a person waits for every module."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.shell.cli_line import short_home
from tests.shell.cli_replies import HUB_REPLIES, REPLIES
from tests.shell.fake_daemon import fake_daemon, fake_hub
from tests.shell.test_cli_commands import LINES
from tests.shell.test_cli_hub import LINES as HUB_LINES

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = {"trio", "httpx", "lmdb", "cryptography", "satchel.store", "satchel.shell"}

RUN_ALL = """
import json, sys
from pathlib import Path
from tests.shell.cli_line import run_line
for line in json.loads(sys.argv[2]):
    ran = run_line(Path(sys.argv[1]), *line)
    print(json.dumps([line, ran.code, sorted(sys.modules)]))
"""
RUN_STATUS = """
import sys
before = set(sys.modules)
from satchel_cli.app import main
sys.argv = ["satchel", *sys.argv[1:]]
code = main()
print(code, *(set(sys.modules) - before))
"""


def run(code: str, *arguments: str) -> list[str]:
    """The lines that a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_no_command_loads_what_the_daemon_is_made_of() -> None:
    """The command line asks; event loop, HTTP and store stay unloaded whatever is typed."""
    lines = [line.split() for line, _, _ in (*LINES, *HUB_LINES)] + [["--help"], ["version"]]
    with short_home() as home, fake_daemon(home, REPLIES), fake_hub(home, HUB_REPLIES):
        found = [json.loads(line) for line in run(RUN_ALL, str(home), json.dumps(lines))]
    assert [line for line, _, _ in found] == lines
    for line, code, modules in found:
        assert code == 0, line
        assert not FORBIDDEN & set(modules), line
    assert "typer" in found[-1][2]


def test_status_loads_nothing_but_a_socket() -> None:
    """The quick way takes the interpreter as it is: no typing, no msgpack, no typer."""
    with short_home() as home, fake_daemon(home, REPLIES):
        for options in ([], ["--json"]):
            *printed, last = run(RUN_STATUS, "status", "--home", str(home), *options)
            code, *loaded = last.split()
            assert printed == ["Adventure Works  online"]
            assert code == "0"
            assert set(loaded) <= {"satchel_cli", "satchel_cli.app", "satchel_cli.glance",
                                   "_socket", "__future__"}  # fmt: skip

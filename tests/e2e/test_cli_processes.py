"""The command line and real processes: it starts them, becomes them, and sees them end."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.shell.cli_line import short_home

SATCHEL = (str(Path(sys.executable).parent / "satchel"),)
WAIT_S = 60
"""Nothing here takes a second; the cores are shared."""

# Without what the test run sets for itself: compiled modules are kept, as in an installation.
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def satchel(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one command line to its end."""
    return subprocess.run(
        (*SATCHEL, *words, "--home", str(home)),
        env=ENVIRON,
        capture_output=True,
        check=False,
        text=True,
        timeout=WAIT_S,
    )


def asked(home: Path, *words: str) -> Any:
    """The JSON that a command line answers."""
    done = satchel(home, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def home() -> Iterator[Path]:
    with short_home() as path:
        yield path
        satchel(path, "stop")


def run(home: Path, *words: str) -> subprocess.Popen[str]:
    """A command line that goes on."""
    return subprocess.Popen(
        (*SATCHEL, *words, "--home", str(home)),
        env=ENVIRON,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str], by: signal.Signals) -> int:
    """Send it a signal and wait for its end."""
    process.send_signal(by)
    process.communicate(timeout=WAIT_S)
    return process.returncode


def first_line(process: subprocess.Popen[str]) -> str:
    """What it says first."""
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], WAIT_S)[0]
    return process.stdout.readline()


def test_a_daemon_starts_and_stops(home: Path) -> None:
    """``start`` returns when it answers, ``stop`` when it is gone; both may be said twice."""
    started = asked(home, "start")
    assert started["started"]
    assert asked(home, "start") == {**started, "started": False}
    assert asked(home, "status")["daemon"]["pid"] == started["pid"]
    assert asked(home, "version")["daemon"] == asked(home, "version")["satchel"]
    assert asked(home, "stop") == {"schema": 1, "pid": started["pid"], "stopped": True}
    assert satchel(home, "status").returncode == 6
    assert not asked(home, "stop")["stopped"]
    assert "started" in satchel(home, "logs").stdout


def test_what_is_private_is_made_private(home: Path) -> None:
    """Whatever the umask is, nobody else can read logs, socket or records."""
    before = os.umask(0)
    try:
        asked(home, "start")
    finally:
        os.umask(before)
    modes = {
        name: (home / name).stat().st_mode & 0o777
        for name in ("data", "run", "run/daemon.sock", "logs", "logs/satcheld.out")
    }
    assert modes == {"data": 0o700, "run": 0o700, "run/daemon.sock": 0o600, "logs": 0o700,
                     "logs/satcheld.out": 0o600}  # fmt: skip
    assert satchel(home, "doctor").returncode == 0


def test_a_daemon_that_cannot_start_says_why(home: Path) -> None:
    """The sentence that ended it is the one that is shown, with its way out."""
    (home / "settings.toml").write_text("[daemon]\nspeed = 9\n")
    done = satchel(home, "start")
    assert done.returncode == 6
    assert done.stderr.startswith("satchel: The daemon ended at once: In ")
    assert "[daemon] has no 'speed'" in done.stderr
    assert "[daemon] knows: " in done.stderr


def test_run_becomes_the_daemon(home: Path) -> None:
    """``run`` is the daemon from then on: same process, and SIGTERM drains it to exit code 0."""
    process = run(home, "run")
    assert process.stdout is not None
    while satchel(home, "status").returncode == 6 and process.poll() is None:
        continue
    assert asked(home, "status")["daemon"]["pid"] == process.pid
    assert end(process, signal.SIGTERM) == 0


@pytest.fixture(scope="module")
def hub() -> Iterator[Path]:
    """The home of a running hub with one organisation and one user."""
    with short_home() as path:
        assert satchel(path, "hub", "init", "--org", "Adventure Works").returncode == 0
        assert asked(path, "hub", "status")["hub"]["listen"] == []
        assert asked(path, "hub", "user", "add", "Fay Field")["name"] == "Fay Field"
        assert satchel(path, "hub", "user", "add", "Fay Field").returncode == 5
        process = run(path, "hub", "run", "--listen", "127.0.0.1:0")
        try:
            assert "127.0.0.1" in first_line(process)
            yield path
        finally:
            assert end(process, signal.SIGTERM) == 0


@pytest.fixture
def joined(home: Path, hub: Path) -> Path:
    """The home of a running daemon that has joined."""
    (address,) = asked(hub, "hub", "status")["hub"]["listen"]
    invite = asked(hub, "hub", "invite", "Fay Field")["invite"]
    asked(home, "start")
    assert asked(home, "join", address, invite, "--device", "field")["org"] == "Adventure Works"
    return home


def test_a_device_joins_and_works(joined: Path, hub: Path) -> None:
    """From an empty folder to a row at the office: what was written here is in the hub's log."""
    made = asked(joined, "create", "account", "name=Northern", "--wait", str(WAIT_S))
    assert made["verdict"]["code"] == "OK"
    log = asked(hub, "hub", "log")["log"]
    assert [made["replica"], made["ctr"], "OK"] in [line[1:4] for line in log]
    assert asked(hub, "hub", "device", "list")["devices"][-1]["name"] == "field"


def test_a_watch_ends_with_ctrl_c(joined: Path) -> None:
    """Ctrl-C is exit code 130 and no traceback."""
    watch = run(joined, "watch", "--json")
    assert json.loads(first_line(watch))["rows"] == []
    watch.send_signal(signal.SIGINT)
    _, said = watch.communicate(timeout=WAIT_S)
    assert (watch.returncode, said) == (130, "")

"""What goes wrong is one sentence, a way out and an exit code, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.model.errors import CODES, Clash, Missing, SatchelError, Unavailable
from tests.shell.cli_line import run_line, short_home
from tests.shell.cli_replies import ORG, REPLIES, ROW_ID
from tests.shell.fake_daemon import fake_daemon

KINDS: list[type[SatchelError]] = sorted(set(CODES.values()), key=lambda kind: kind.exit)
WORDS = st.sampled_from(
    ["status", "get", "list", "account", ROW_ID, "quarantine", "show", "outbox", "hub",
     "--json", "--org", "--limit", "-1", "--", "--home", "=", "name=x", "\udcff", "", "--help"]
)  # fmt: skip


def test_a_daemon_that_does_not_run_comes_with_how_to_start_it() -> None:
    """NOT_RUNNING is exit code 6 and names the command, with the home it is about."""
    with short_home() as home:
        ran = run_line(home, "status")
        assert (ran.code, ran.out) == (6, "")
        assert ran.err == (
            f"satchel: The daemon is not running: nothing answers at {home}/run/daemon.sock.\n"
            f"  Start it with: satchel start --home {home}\n"
        )


@pytest.mark.parametrize("kind", KINDS)
def test_each_class_of_error_has_its_exit_code(kind: type[SatchelError]) -> None:
    """The exit code is the one declared on the class, whatever the command."""
    code = next(code for code, of in CODES.items() if of is kind)
    error = kind(code, "It went wrong.", "Do this.", {"column": "name"})
    with short_home() as home, fake_daemon(home, {"get": error, "status.text": error}):
        ran = run_line(home, "get", "account", ROW_ID)
        assert ran == (kind.exit, "", "satchel: It went wrong.\n  Do this.\n")
        assert run_line(home, "status") == ran


def test_an_error_as_json_keeps_all_of_it() -> None:
    """With ``--json`` the error is an object on stderr and standard output stays empty."""
    error = Clash("CONFLICT", "It has changed.", "Read it again.", {"mine": 1, "theirs": 2})
    with short_home() as home, fake_daemon(home, {"update": error}):
        ran = run_line(home, "update", "account", ROW_ID, "name=x", "--json")
    assert (ran.code, ran.out) == (5, "")
    assert json.loads(ran.err) == {"schema": 1, "error": error.to_wire()}


def test_refused_work_that_was_waited_for_is_an_error() -> None:
    """``--wait`` ends with REFUSED and says where the work waits."""
    verdict = {"state": "visible", "code": "RESTRICT", "seq": 9, "detail": None}
    with short_home() as home, fake_daemon(home, {**REPLIES, "await": verdict}):
        ran = run_line(home, "delete", "account", ROW_ID, "--wait", "5")
    assert (ran.code, ran.out) == (5, "")
    assert "The hub refused changeset 12: RESTRICT." in ran.err
    assert "satchel quarantine show 12" in ran.err


@pytest.mark.parametrize(
    ("state", "code", "exit_code"),
    [
        ("offline", "HUB_UNREACHABLE", 6),
        ("paused", "PAUSED", 6),
        ("revoked", "REVOKED", 7),
        ("expired", "EXPIRED", 7),
        ("fork", "FORK", 9),
    ],
)
def test_a_first_download_that_cannot_go_on_says_why(state: str, code: str, exit_code: int) -> None:
    """Waiting in vain is an error; being a member of the organisation stays."""
    org = {**ORG, "state": state, "loading": {"rows": 5}, "last_error": {"message": "gone"}}
    replies = {
        **REPLIES,
        "sync": Unavailable("TIMEOUT", "Not yet."),
        "status": {"daemon": {}, "orgs": [org]},
    }
    with short_home() as home, fake_daemon(home, replies):
        ran = run_line(home, "join", "http://h", "K7QF", "--json")
    assert ran.code == exit_code
    error = json.loads(ran.err)["error"]
    assert error["code"] == code
    assert "(gone)" in error["message"]


def test_waiting_for_the_hub_outlives_being_offline() -> None:
    """``sync wait`` goes on while the network is away, and ends with what it waited for."""
    answers = iter([Unavailable("TIMEOUT", "Not yet."), ORG])
    replies = {
        **REPLIES,
        "sync": lambda given: next(answers),
        "status": {"daemon": {}, "orgs": [{**ORG, "state": "offline"}]},
    }
    with short_home() as home, fake_daemon(home, replies):
        assert run_line(home, "sync", "wait").code == 0


def test_the_time_to_wait_ends() -> None:
    """``sync wait --timeout`` passes the daemon's own TIMEOUT on when its time is over."""
    replies = {**REPLIES, "sync": Unavailable("TIMEOUT", "2 changes still wait.")}
    with short_home() as home, fake_daemon(home, replies):
        ran = run_line(home, "sync", "wait", "--timeout", "0")
    assert (ran.code, ran.err) == (6, "satchel: 2 changes still wait.\n")


def test_another_version_of_the_daemon_is_told_with_what_to_do() -> None:
    """Every command notes it on stderr, and ``version`` and ``doctor`` do."""
    with short_home() as home, fake_daemon(home, REPLIES, version="9.9.9"):
        ran = run_line(home, "get", "account", ROW_ID)
        assert ran.code == 0
        assert "the running daemon is version 9.9.9, this command 0.1.0" in ran.err
        assert f"satchel stop --home {home} && satchel start --home {home}" in ran.err
        assert "9.9.9" in run_line(home, "status").err
        assert run_line(home, "version").out == "satchel  0.1.0\ndaemon   9.9.9\n"
        assert run_line(home, "doctor").code == 9


def test_the_doctor_works_without_a_daemon() -> None:
    """Each check is a line, what failed has a remedy, and the exit code says so."""
    with short_home() as home:
        ran = run_line(home, "doctor")
        assert ran.code == 9
        assert "ok  socket" in ran.out
        assert "!!  daemon" in ran.out
        assert "satchel start" in ran.out
        checks = json.loads(run_line(home, "doctor", "--json").out)["checks"]
        assert [check["name"] for check in checks if not check["ok"]] == ["daemon"]


def test_what_cannot_be_undone_is_asked_for() -> None:
    """A program must say ``--yes`` before refused work is gone for good."""
    with short_home() as home, fake_daemon(home, REPLIES) as daemon:
        ran = run_line(home, "quarantine", "discard", "12")
        assert (ran.code, daemon.asked) == (2, [])
        assert "--yes" in ran.err


def test_a_log_that_is_not_there_is_told() -> None:
    """``logs`` says where it looked; with a log it shows the last lines only."""
    with short_home() as home:
        assert f"{home}/logs/satcheld.log" in run_line(home, "logs").err
        (home / "logs").mkdir()
        (home / "logs" / "satcheld.log").write_text("one\ntwo\nthree\n")
        assert run_line(home, "logs", "-n", "2") == (0, "two\nthree\n", "")


@pytest.mark.parametrize(
    "line",
    ["frobnicate", "get", "get account", "list account --nope", "sync sideways", "outbox show x",
     "watch --once", "list account --limit -1", "hub", "hub user", "status --home", "status --home="],
)  # fmt: skip
def test_nonsense_is_a_usage_error(line: str) -> None:
    """Unknown words and missing ones end with exit code 2 and a sentence."""
    with short_home() as home:
        ran = run_line(home, *line.split())
    assert ran.code == 2
    assert ran.err or "Usage" in ran.out
    assert "Traceback" not in ran.err


@given(words=st.lists(WORDS, max_size=6))
def test_no_command_line_is_a_traceback(words: list[str]) -> None:
    """Whatever is typed, the end is an exit code; only a bug would raise here."""
    error = Missing("NO_SUCH_ROW", "There is no such row.")
    with short_home() as home:
        with fake_daemon(home, {**REPLIES, "get": error}):
            ran = run_line(home, *words)
        assert 0 <= ran.code <= 9
        assert not Path(home, "data").exists()

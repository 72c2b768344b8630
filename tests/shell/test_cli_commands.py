"""Every command asks the daemon for what it says, and shows what it is answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.shell.cli_line import run_line, short_home
from tests.shell.cli_replies import (
    CONFLICT,
    EVENTS,
    OTHER_ID,
    RECEIPT,
    REFUSED,
    REPLICA,
    REPLIES,
    ROW,
    ROW_ID,
)
from tests.shell.fake_daemon import FakeDaemon, fake_daemon

Asked = tuple[str, dict[str, Any]]
ROW_ARGUMENTS = {"table": "account", "id": ROW_ID}
LINK_ARGUMENTS = {"relationship": "accountleads_association", "left": ROW_ID, "right": OTHER_ID}

# what is typed -> what the daemon is asked, and a piece of what is printed
LINES: list[tuple[str, Asked, str]] = [
    ("status", ("status.text", {"width": 80, "json": False}), "Adventure Works  online"),
    ("create account name=x fax=", ("create", {"table": "account", "columns": {"name": "x", "fax": None}}), f"Created account {ROW_ID} (changeset 12)."),
    (f"create account name=x --id {ROW_ID}", ("create", {**ROW_ARGUMENTS, "columns": {"name": "x"}}), ROW_ID),
    (f"get account {ROW_ID}", ("get", ROW_ARGUMENTS), f"primarycontactid  contact:{OTHER_ID}"),
    (f"get account {ROW_ID} --columns name,fax", ("get", {**ROW_ARGUMENTS, "columns": ["name", "fax"]}), "Adventure Works"),
    (f"update account {ROW_ID} name=y --version v1", ("update", {**ROW_ARGUMENTS, "columns": {"name": "y"}, "version": "v1"}), f"Updated account {ROW_ID} (changeset 12)."),
    (f"upsert account {ROW_ID} name=y", ("upsert", {**ROW_ARGUMENTS, "columns": {"name": "y"}}), "Upserted account"),
    (f"delete account {ROW_ID}", ("delete", ROW_ARGUMENTS), "Deleted account"),
    (f"restore account {ROW_ID}", ("restore", ROW_ARGUMENTS), "Restored account"),
    (f"link accountleads_association {ROW_ID} {OTHER_ID}", ("link", LINK_ARGUMENTS), f"Linked {ROW_ID} and {OTHER_ID}"),
    (f"unlink accountleads_association {ROW_ID} {OTHER_ID}", ("unlink", LINK_ARGUMENTS), "Unlinked"),
    (f"list account --columns name --limit 7 --after {OTHER_ID}", ("list", {"table": "account", "columns": ["name"], "limit": 7, "after": OTHER_ID}), f"{ROW_ID}  Adventure Works  undecided"),
    (f"list accountleads_association --of {ROW_ID} --side right", ("links", {"relationship": "accountleads_association", "id": ROW_ID, "side": "right", "limit": 100}), OTHER_ID),
    ("watch --since 3", ("watch", {"since": 3}), f"8  put account {ROW_ID}\n9  read afresh"),
    ("watch --since 3 --once", ("changes", {"since": 3}), "8  outcome changeset 12 OK"),
    ("sync", ("sync", {"action": "now"}), "Adventure Works: online; 2 changes wait, 1 refused."),
    ("sync pause", ("sync", {"action": "pause"}), "online"),
    ("sync resume", ("sync", {"action": "resume"}), "online"),
    ("sync wait --timeout 60", ("sync", {"action": "wait", "timeout_ms": 250}), "online"),
    ("outbox", ("outbox", {}), f"12      2025-06-15 15:06:40  update account {ROW_ID} (name, fax) and 1 more"),
    ("outbox show 12", ("outbox.show", {"ctr": 12}), f"op 0: update account {ROW_ID}\n  name  x\n  fax   1\n"),
    ("quarantine", ("quarantine", {}), "RESTRICT"),
    ("quarantine show 12", ("quarantine.show", {"ctr": 12}), "RESTRICT: The unit still has users."),
    ("quarantine retry 12 --alone", ("quarantine.retry", {"ctr": 12, "with_dependants": False}), "Submitted 12 again as 1 changeset: 12."),
    (f"quarantine edit 12 fax=2 --op 1 --replica {REPLICA}", ("quarantine.edit", {"ctr": 12, "columns": {"fax": "2"}, "op": 1, "replica": REPLICA}), "Submitted 12 again"),
    ("quarantine discard 12 --yes", ("quarantine.discard", {"ctr": 12}), "Discarded changeset 12."),
    ("quarantine export", ("quarantine.export", {}), '"RESTRICT"'),
    ("conflicts --all", ("conflicts", {"all": True}), "c1  account.name"),
    ("conflicts show c1", ("conflicts.show", {"id": "c1"}), "won       Theirs"),
    ("org", ("orgs", {}), "Adventure Works  online  Fay Field"),
    ("org tables", ("tables", {}), "account  Account  name      user"),
    ("org table account", ("table", {"name": "account"}), "string, required, at most 160 characters"),
    ("org digest", ("digest", {}), "ab" * 32),
    ("org leave A --discard", ("org.leave", {"org": "A", "discard": True}), "Left A."),
    ("doctor", ("doctor", {}), "ok  clock           It agrees."),
    ("join http://h K7QF --device d --no-wait", ("join", {"hub": "http://h", "invite": "K7QF", "device": "d", "insecure": False}), "Joined Adventure Works as device field-laptop."),
]  # fmt: skip

# what is typed -> the JSON that comes out, its schema aside
READING: list[tuple[str, dict[str, Any]]] = [
    (f"get account {ROW_ID}", ROW),
    ("list account", {"rows": [ROW], "next": None}),
    (f"list accountleads_association --of {ROW_ID}", {"ids": [OTHER_ID], "next": None}),
    ("outbox", {"entries": [REPLIES["outbox.show"]]}),
    ("outbox show 12", REPLIES["outbox.show"]),
    ("quarantine", {"entries": [REFUSED]}),
    ("quarantine show 12", REFUSED),
    ("quarantine export", {"entries": [REFUSED]}),
    ("conflicts", {"conflicts": REPLIES["conflicts"]["conflicts"]}),
    ("conflicts show c1", CONFLICT),
    ("org", {"orgs": REPLIES["orgs"]}),
    ("org tables", REPLIES["tables"]),
    ("org table account", REPLIES["table"]),
    ("org digest", REPLIES["digest"]),
    ("sync", REPLIES["sync"]),
    ("version", {"satchel": "0.1.0", "daemon": "0.1.0"}),
    ("join http://h K7QF", REPLIES["join"]),
    ("create account name=x", {**RECEIPT, "verdict": None}),
    ("quarantine retry 12", {"receipts": [RECEIPT]}),
    ("quarantine discard 12 --yes", {"discarded": 1}),
]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with short_home() as path:
        yield path


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[FakeDaemon]:
    with fake_daemon(home, REPLIES) as daemon:
        yield daemon


@pytest.fixture
def daemon(served: FakeDaemon) -> FakeDaemon:
    """As it is at first, having been asked nothing."""
    served.replies = dict(REPLIES)
    served.asked.clear()
    return served


@pytest.fixture(autouse=True)
def _local_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times are shown as this machine has them; here that is UTC."""
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(("line", "asked", "printed"), LINES, ids=[line for line, _, _ in LINES])
def test_a_command_asks_and_shows(
    home: Path, daemon: FakeDaemon, line: str, asked: Asked, printed: str
) -> None:
    """The daemon gets the command of the index that was meant, and the answer is shown."""
    ran = run_line(home, *line.split())
    assert ran.code == 0, ran.err
    assert asked in daemon.asked
    assert printed in ran.out


@pytest.mark.parametrize(("line", "expected"), READING, ids=[line for line, _ in READING])
def test_json_says_what_the_daemon_said(
    home: Path, daemon: FakeDaemon, line: str, expected: dict[str, Any]
) -> None:
    """``--json`` prints one object with its schema and nothing of the answer is lost."""
    ran = run_line(home, *line.split(), "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out) == {"schema": 1, **expected}
    assert ran.err == ""


def test_status_as_json_is_what_the_daemon_rendered(home: Path, daemon: FakeDaemon) -> None:
    """``status --json`` passes on the daemon's own line of JSON."""
    rendered = '{"schema": 1, "orgs": []}\n'
    daemon.replies["status.text"] = lambda given: {
        "text": rendered if given["json"] else "-",
        "exit": 0,
    }
    assert run_line(home, "status", "--json") == (0, rendered, "")


def test_a_watch_as_json_is_one_object_a_line(home: Path, daemon: FakeDaemon) -> None:
    """Each event stands alone, so that a program can read them as they come."""
    lines = run_line(home, "watch", "--json").out.splitlines()
    assert [json.loads(line) for line in lines] == [{"schema": 1, **event} for event in EVENTS]


def test_a_list_goes_through_all_pages(home: Path, daemon: FakeDaemon) -> None:
    """``--limit 0`` reads on to the end; a limit stops, and says where to go on."""
    pages = {
        None: {"rows": [{**ROW, "id": ROW_ID}], "next": ROW_ID},
        ROW_ID: {"rows": [{**ROW, "id": OTHER_ID}], "next": None},
    }
    daemon.replies["list"] = lambda given: pages[given["after"]]
    ran = run_line(home, "list", "account", "--limit", "0", "--json")
    assert [row["id"] for row in json.loads(ran.out)["rows"]] == [ROW_ID, OTHER_ID]
    ran = run_line(home, "list", "account", "--limit", "1")
    assert OTHER_ID not in ran.out
    assert f"--after {ROW_ID}" in ran.err


def test_a_list_shows_what_a_row_is_known_by(home: Path, daemon: FakeDaemon) -> None:
    """Without ``--columns`` people see the primary column; programs see everything."""
    run_line(home, "list", "account")
    arguments = {"table": "account", "columns": ["name", "modifiedon"], "limit": 100}
    assert ("list", arguments) in daemon.asked
    run_line(home, "list", "account", "--json")
    assert ("list", {"table": "account", "limit": 100}) in daemon.asked


def test_a_write_can_wait_for_the_hub(home: Path, daemon: FakeDaemon) -> None:
    """``--wait`` says when the hub has taken it."""
    ran = run_line(home, "create", "account", "name=x", "--wait", "5")
    assert ran.out == f"Created account {ROW_ID} (changeset 12, taken by the hub).\n"
    assert ("await", {"ctr": 12, "until": "visible", "timeout_ms": 5000}) in daemon.asked


def test_values_come_from_standard_input(home: Path, daemon: FakeDaemon) -> None:
    """``--json-columns -`` reads what is piped in, kinds and all."""
    run_line(home, "create", "account", "--json-columns", "-", stdin='{"creditlimit": 5}')
    assert daemon.asked == [("create", {"table": "account", "columns": {"creditlimit": 5}})]


def test_a_lost_value_can_be_taken_back_as_it_is_shown(home: Path, daemon: FakeDaemon) -> None:
    """The line that sets the column again is spelled out, ready to be typed."""
    ran = run_line(home, "conflicts", "show", "c1")
    assert ran.err == f"To take it back: satchel update account {ROW_ID} name=Mine\n"


def test_who_won_is_named(home: Path, daemon: FakeDaemon) -> None:
    """A conflict shows people by their names, looked up once each."""
    daemon.replies["get"] = lambda given: {**ROW, "columns": {"fullname": "Otto Office"}}
    ran = run_line(home, "conflicts")
    assert "Mine" in ran.out
    assert "Otto Office" in ran.out
    user = {"table": "systemuser", "id": OTHER_ID, "columns": ["fullname"]}
    assert daemon.asked.count(("get", user)) == 1

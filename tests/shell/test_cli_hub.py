"""Looking after a hub from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.shell.cli_line import run_line, short_home
from tests.shell.cli_replies import HUB_REPLIES, REPORT, ROW_ID, USER
from tests.shell.fake_daemon import FakeDaemon, Watched, fake_hub

# what is typed -> the order and its arguments, and a piece of what is printed
LINES: list[tuple[str, tuple[str, dict[str, Any]], str]] = [
    ("hub user add Fay --org A", ("hub.user.add", {"org": "A", "name": "Fay"}), f"Added Fay Field ({ROW_ID})."),
    ("hub user list", ("hub.user.list", {}), "Fay Field"),
    ("hub user disable Fay", ("hub.user.disable", {"user": "Fay"}), "Disabled Fay Field"),
    ("hub user enable Fay", ("hub.user.enable", {"user": "Fay"}), "Enabled Fay Field."),
    ("hub invite Fay", ("hub.invite", {"user": "Fay"}), "satchel join http://127.0.0.1:7443 K7QF-2M5X"),
    ("hub device list", ("hub.device.list", {}), "field-laptop"),
    ("hub device revoke field-laptop", ("hub.device.revoke", {"device": "field-laptop"}), "Revoked field-laptop"),
    ("hub status", ("hub.status", {}), "Adventure Works  40"),
    ("hub log --after 0 --limit 5", ("hub.log", {"after": 0, "limit": 5}), "a1b2c3d4e5f60718"),
]  # fmt: skip


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with short_home() as path:
        yield path


@pytest.fixture(scope="module")
def hub(home: Path) -> Iterator[FakeDaemon]:
    with fake_hub(home, HUB_REPLIES) as served:
        yield served


@pytest.mark.parametrize(("line", "asked", "printed"), LINES, ids=[line for line, _, _ in LINES])
def test_an_order_reaches_the_hub(
    home: Path, hub: FakeDaemon, line: str, asked: tuple[str, dict[str, Any]], printed: str
) -> None:
    """The running hub gets the order of its index that was meant, and the answer is shown."""
    hub.asked.clear()
    ran = run_line(home, *line.split())
    assert ran.code == 0, ran.err
    assert hub.asked[0] == asked
    assert printed in ran.out


def test_json_says_what_the_hub_said(home: Path, hub: FakeDaemon) -> None:
    """``--json`` prints the hub's answer as one object with its schema."""
    ran = run_line(home, "hub", "user", "add", "Fay", "--json")
    assert json.loads(ran.out) == {"schema": 1, **USER}


def test_an_import_lists_bad_rows_and_ends_with_their_exit_code(
    home: Path, hub: FakeDaemon
) -> None:
    """Paths go out whole; each bad row is file, line and reason; the good ones are counted."""
    hub.asked.clear()
    ran = run_line(home, "hub", "import", "--map", "/m/map.toml", "/d/data")
    assert hub.asked == [("hub.import", {"map": "/m/map.toml", "dir": "/d/data"})]
    assert ran.code == 3
    assert "customers  customers.csv  91    90" in ran.out
    assert ran.err.startswith("customers.csv:7: no name\nsatchel: 1 row could not be imported")
    ran = run_line(home, "hub", "import", "--map", "/m/map.toml", "/d/data", "--json")
    assert (ran.code, json.loads(ran.out)) == (3, {"schema": 1, **REPORT})
    assert json.loads(ran.err)["error"]["code"] == "BAD_ROWS"


def test_an_import_without_bad_rows_is_a_success(home: Path, hub: FakeDaemon) -> None:
    """Nothing bad, nothing on stderr, exit code 0; a folder of here is meant as it stands."""
    hub.replies["hub.import"] = Watched([], {**REPORT, "bad": [], "bad_total": 0})
    hub.asked.clear()
    ran = run_line(home, "hub", "import", "--map", "map.toml", "data")
    assert (ran.code, ran.err) == (0, "")
    assert hub.asked[0][1] == {"map": str(Path("map.toml").absolute()),
                               "dir": str(Path("data").absolute())}  # fmt: skip


def test_tables_come_from_a_file(home: Path, hub: FakeDaemon) -> None:
    """The file is read here and sent as it parses; the hub judges it."""
    file = home / "visits.toml"
    file.write_text('[[table]]\nname = "visit"\n')
    hub.asked.clear()
    ran = run_line(home, "hub", "table", "add", str(file))
    assert ran.out == "The tables are now at version 2.\n"
    assert hub.asked == [("hub.table.add", {"table": [{"name": "visit"}]})]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[table", "is not TOML"),
        ("[[column]]", "has 'column' at its top"),
        (None, "cannot be read"),
    ],
)
def test_a_bad_table_file_is_refused_before_the_hub_hears_of_it(
    home: Path, hub: FakeDaemon, content: str | None, sentence: str
) -> None:
    """A file that is no such file is named with its fault."""
    file = home / "bad.toml"
    file.unlink(missing_ok=True)
    if content is not None:
        file.write_text(content)
    hub.asked.clear()
    ran = run_line(home, "hub", "table", "add", str(file))
    assert ran.code == 2
    assert sentence in ran.err
    assert hub.asked == []

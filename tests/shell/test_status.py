"""What the daemon says of itself, for a terminal and for a program."""

from __future__ import annotations

import json
from typing import Any

from satchel.shell.status import status_text

NOW_MS = 1_700_000_000_000

ORG: dict[str, Any] = {
    "org": "Contoso",
    "user_name": "Fay Field",
    "device": "laptop",
    "state": "online",
    "cursor": 7,
    "rows": 12_345,
    "outbox": 0,
    "quarantine": 0,
    "conflicts": 0,
    "loading": None,
    "last_contact": NOW_MS - 90_000,
    "last_error": None,
    "skew_ms": 0,
}


def text(**org: Any) -> str:
    """The status of a daemon with one organisation."""
    daemon = {"pid": 9, "version": "0.1.0", "home": "the home", "started": 0}
    return status_text({"daemon": daemon, "orgs": [{**ORG, **org}]}, NOW_MS, as_json=False)


def test_all_is_well() -> None:
    """Who, where, how many, and nothing that need not be said."""
    shown = text()
    assert "Satchel 0.1.0 is running (process 9, the home)." in shown
    assert "Contoso  Fay Field on laptop" in shown
    assert "online, last contact 1 min ago" in shown
    assert "12,345 rows as of 7" in shown
    assert "0 changes waiting" in shown
    for word in ("quarantine", "conflicts", "note", "clock"):
        assert word not in shown


def test_what_needs_a_person() -> None:
    """Refused work, lost values, trouble and a wrong clock are said, with where to look."""
    error = {"code": "HUB_UNREACHABLE", "message": "The hub cannot be reached."}
    shown = text(
        state="offline", outbox=1, quarantine=2, conflicts=1, last_error=error, skew_ms=-180_000
    )
    assert "1 change waiting" in shown
    assert "2 refused changes: see satchel quarantine" in shown
    assert "1 value of yours" in shown
    assert "The hub cannot be reached." in shown
    assert "180 s off" in shown


def test_a_first_download() -> None:
    """While there is no BASE the number is of what has come so far."""
    shown = text(state="loading", loading={"rows": 1200}, last_contact=None)
    assert "downloading, 1,200 so far" in shown
    assert "rows as of" not in shown
    assert "last contact" not in shown


def test_how_long_ago() -> None:
    """In the largest unit that fits; a clock set back does not show the future."""
    for ago_ms, words in (
        (5_000, "5 s ago"),
        (7_200_000, "2 h ago"),
        (3 * 86_400_000, "3 d ago"),
        (-60_000, "0 s ago"),
    ):
        assert words in text(last_contact=NOW_MS - ago_ms)


def test_as_json() -> None:
    """One line of JSON with the version of its shape."""
    daemon = {"pid": 9, "version": "0.1.0", "home": "h", "started": 0}
    line = status_text({"daemon": daemon, "orgs": []}, NOW_MS, as_json=True)
    assert json.loads(line) == {"schema": 1, "daemon": daemon, "orgs": []}
    assert line.endswith("}\n")

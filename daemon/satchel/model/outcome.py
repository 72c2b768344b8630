"""The hub's one verdict on a changeset.  Codes are on disk and on the wire: append only."""

from __future__ import annotations

from enum import IntEnum
from typing import Any


class Code(IntEnum):
    """Outcome codes (sync.md 3.4): below CONFLICT the changeset took effect."""

    OK = 0
    OK_MODIFIED = 1
    CONFLICT = 2
    FORBIDDEN = 3
    INVALID = 4
    GONE = 5
    TARGET_GONE = 6
    RESTRICT = 7
    DUP_ID = 8
    BOUND = 9
    SCHEMA = 10
    TOO_BIG = 11
    FORK = 12
    VOID = 13
    DEP = 14
    HUB_FAULT = 15


def plain_detail(detail: dict[str, Any] | None) -> dict[str, Any] | None:
    """A verdict's detail as apps read it: the cause of a DEP by name, no bytes."""
    if detail is None or not isinstance(detail.get("cause"), list):
        return detail
    replica, ctr = detail["cause"]
    return {**detail, "cause": {"replica": replica.hex(), "ctr": ctr}}


ACCEPTED = frozenset((Code.OK, Code.OK_MODIFIED))
"""Codes of changesets that took effect."""


def code_name(code: int) -> str:
    """The word for a code; one that only a later hub knows keeps its number."""
    try:
        return Code(code).name
    except ValueError:
        return f"CODE_{code}"

"""The reckoning after a day of kills: what must be true of a ledger, a log and the rows.

Pure functions that return one sentence for each breach.  They know what apps were answered
and what hub and devices say now, and nothing of what happened between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tests.e2e.load import Acknowledged, expected_rows

LogLine = Sequence[Any]
"""[seq, replica, ctr, code, detail]"""
Rows = Mapping[str, Mapping[str, Any]]
"""Row id to its columns."""


def check_log(log: Sequence[LogLine], entries: Sequence[Acknowledged]) -> list[str]:
    """The hub's sequence and every author's counters are gapless; each acknowledged write has
    one outcome, OK, and nothing else was decided for these authors."""
    found = []
    if [line[0] for line in log] != list(range(1, len(log) + 1)):
        found.append("the hub's sequence has a gap")
    acknowledged = Counter((entry.replica, entry.ctr) for entry in entries)
    found += [f"{dot} was acknowledged {n} times" for dot, n in acknowledged.items() if n > 1]
    for replica in sorted({entry.replica for entry in entries}):
        decided = [line for line in log if line[1] == replica]
        counters = [line[2] for line in decided]
        if counters != list(range(1, len(counters) + 1)):
            found.append(f"the counters of {replica} are not 1 to {len(counters)}")
        known = {ctr for author, ctr in acknowledged if author == replica}
        found += [f"{replica} {ctr} is lost" for ctr in sorted(known - set(counters))]
        found += [f"nobody was told of {replica} {ctr}" for ctr in sorted(set(counters) - known)]
        found += [f"{line[1]} {line[2]}: {line[3]}" for line in decided if line[3] != "OK"]
    return found


def check_rows(place: str, rows: Rows, entries: Sequence[Acknowledged]) -> list[str]:
    """Every acknowledged value that nothing later has replaced is in its row; no row twice."""
    expected = expected_rows(entries)
    found = []
    for row, values in expected.items():
        if row not in rows:
            found.append(f"{place}: {values['name']} is not there")
            continue
        there = {column: rows[row].get(column) for column in values}
        if there != values:
            found.append(f"{place}: {there} instead of {values}")
    found += [f"{place}: nobody made {row}" for row in rows.keys() - expected.keys()]
    names = Counter(str(columns.get("name")) for columns in rows.values())
    return found + [f"{place}: {name} is there {n} times" for name, n in names.items() if n > 1]


def check_equal(digests: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """All stand at one cursor with one digest, and nothing is undecided."""
    found = []
    if len({(one["cursor"], one["digest"]) for one in digests.values()}) != 1:
        found.append(f"replicas differ: {digests}")
    for name, one in digests.items():
        if one.get("overlay") or one.get("outbox") or one.get("quarantine"):
            found.append(f"{name} has undecided or refused work: {one}")
    return found

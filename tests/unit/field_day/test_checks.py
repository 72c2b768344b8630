"""The field day's checks: an honest day passes, and each tampering is seen by its check."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from satchel.shell.field_day import checks
from satchel.shell.field_day.ledger import Evidence, Loss, Ruling, Standing, Written

ANA, BEN = "aa" * 8, "bb" * 8
ROW, TASK = "row-1", "task-1"


def honest() -> Evidence:
    """Ana makes a row and edits it; Ben edits it unseen, deletes nothing, has one refusal."""
    create = {"do": "create", "table": "account", "columns": {"name": "Lodge"}}
    fax = {"do": "update", "table": "account", "id": ROW, "columns": {"fax": "1"}}
    phone = {"do": "update", "table": "account", "id": ROW, "columns": {"telephone1": "Ben"}}
    lost = {"do": "update", "table": "account", "id": ROW, "columns": {"telephone1": "Ana"}}
    task = {"do": "create", "table": "task", "columns": {"subject": "Call"}}
    return Evidence(
        written=[
            Written("Ana", ANA, 1, [create], [ROW], 0, "new"),
            Written("Ana", ANA, 2, [fax], [ROW], 0, "edit"),
            Written("Ben", BEN, 1, [phone], [ROW], 1, "edit"),
            Written("Ana", ANA, 3, [lost], [ROW], 1, "same column"),
            Written("Ben", BEN, 2, [task], [TASK], 1, "refused"),
        ],
        rulings=[
            Ruling(1, ANA, 1, "OK", ""),
            Ruling(2, ANA, 2, "OK", ""),
            Ruling(3, BEN, 1, "OK", ""),
            Ruling(4, ANA, 3, "OK", ""),
            Ruling(5, BEN, 2, "TARGET_GONE", "gone"),
        ],
        replicas={"Ana": Standing(5, "d1", 0, 0), "Ben": Standing(5, "d1", 0, 0)},
        hub=Standing(5, "d1", 0, 0),
        rows={("account", ROW): {"name": "Lodge", "fax": "1", "telephone1": "Ben"}},
        parked=frozenset({(BEN, 2)}),
        losses=[Loss("account", ROW, "telephone1", "Ana")],
        conflicts=1,
    )


def test_an_honest_day_passes_every_check() -> None:
    """Nothing is found where nothing is wrong."""
    day = honest()
    assert checks.check_convergence(day) == []
    assert checks.check_nothing_lost(day) == []
    assert checks.check_nothing_twice(day) == []
    assert checks.check_causal_order(day) == []


Tamper = Callable[[Evidence], Evidence]
Check = Callable[[Evidence], list[str]]


def _without_ruling(day: Evidence) -> Evidence:
    return day._replace(rulings=day.rulings[:3])


def _value_gone(day: Evidence) -> Evidence:
    row = {"name": "Lodge", "telephone1": "Ben"}
    return day._replace(rows={("account", ROW): row})


def _refusal_not_parked(day: Evidence) -> Evidence:
    return day._replace(parked=frozenset())


def _row_unknown(day: Evidence) -> Evidence:
    return day._replace(rows={})


def _digest_differs(day: Evidence) -> Evidence:
    return day._replace(replicas={**day.replicas, "Ben": Standing(5, "d2", 0, 0)})


def _behind(day: Evidence) -> Evidence:
    return day._replace(replicas={**day.replicas, "Ben": Standing(4, "d1", 0, 0)})


def _overlay_left(day: Evidence) -> Evidence:
    return day._replace(replicas={**day.replicas, "Ben": Standing(5, "d1", 2, 1)})


def _decided_twice(day: Evidence) -> Evidence:
    return day._replace(rulings=[*day.rulings, Ruling(6, ANA, 2, "OK", "")])


def _nobody_wrote(day: Evidence) -> Evidence:
    return day._replace(rulings=[*day.rulings, Ruling(6, ANA, 4, "OK", "")])


def _row_made_twice(day: Evidence) -> Evidence:
    rows = {**day.rows, ("account", "row-2"): {"name": "Lodge"}}
    return day._replace(rows=rows)


def _swapped(day: Evidence) -> Evidence:
    first, second, *rest = day.rulings
    swapped = [first._replace(seq=second.seq), second._replace(seq=first.seq)]
    return day._replace(rulings=[*swapped, *rest])


def _gap(day: Evidence) -> Evidence:
    return day._replace(rulings=[each for each in day.rulings if each.seq != 2])


def _before_seen(day: Evidence) -> Evidence:
    written = [*day.written]
    written[2] = written[2]._replace(seen=3)
    return day._replace(written=written)


def _before_its_row(day: Evidence) -> Evidence:
    seqs = {1: 3, 2: 4, 3: 1, 4: 5, 5: 6}
    moved = [ruling._replace(seq=seqs[ruling.seq]) for ruling in day.rulings]
    written = [each._replace(seen=0) for each in day.written]
    return day._replace(rulings=moved, written=written)


@pytest.mark.parametrize(
    ("tamper", "check"),
    [
        (_without_ruling, checks.check_nothing_lost),
        (_value_gone, checks.check_nothing_lost),
        (_refusal_not_parked, checks.check_nothing_lost),
        (_row_unknown, checks.check_nothing_lost),
        (_digest_differs, checks.check_convergence),
        (_behind, checks.check_convergence),
        (_overlay_left, checks.check_convergence),
        (_decided_twice, checks.check_nothing_twice),
        (_nobody_wrote, checks.check_nothing_twice),
        (_row_made_twice, checks.check_nothing_twice),
        (_swapped, checks.check_causal_order),
        (_gap, checks.check_causal_order),
        (_before_seen, checks.check_causal_order),
        (_before_its_row, checks.check_causal_order),
    ],
)
def test_each_tampering_is_seen(tamper: Tamper, check: Check) -> None:
    """A day with one thing wrong fails the check that promises it."""
    assert check(tamper(honest()))

"""Reading a row of 40 columns, against having the same server echo that row."""

from __future__ import annotations

from itertools import cycle
from random import Random
from typing import Any

import satchel
from benchmarks import bars, records
from benchmarks.bench import Bench
from benchmarks.echo_server import ECHO, run_echo
from benchmarks.harness import Result, Side, take_turns
from benchmarks.timing import p50
from satchel.client.blocking import Client
from tests.e2e.processes import temporary_home

_IN_A_ROUND = 200


def measure(bench: Bench) -> list[Result]:
    """``get_vs_row_echo``: the echo's time by ours."""
    chance = Random(6)
    numbers = [chance.randrange(bench.rows) for _ in range(_IN_A_ROUND)]
    names = [records.row_name(number) for number in numbers]
    with (
        bench.site.laptop() as laptop,
        satchel.connect(str(laptop.home)) as client,
        temporary_home() as other,
        run_echo(other),
        satchel.connect(str(other)) as echo,
    ):
        rows = [_get(client, name) for name in names]
        next_name, next_row = cycle(names).__next__, cycle(rows).__next__
        sides: dict[str, Side] = {
            "get": p50(lambda: _get(client, next_name()), _IN_A_ROUND),
            "echo": p50(lambda: echo.call(ECHO, row=next_row()), _IN_A_ROUND),
        }
        taken = take_turns(sides, bench.pick(25, 6))
    return [
        bars.result(
            "get_vs_row_echo",
            taken.median("get") * 1e6,
            taken.median("echo") * 1e6,
            taken.ratio("echo", "get"),
        )
    ]


def _get(client: Client, name: str) -> Any:
    """The answer to ``get`` as it is: both sides are asked in the same way."""
    return client.call("get", table=records.TABLE, id=name)

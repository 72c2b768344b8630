"""The table: every row's name, unit, comparison, bar and stretch, in the order it is printed."""

from __future__ import annotations

from typing import Final

from benchmarks.harness import Bar, Result

_AT_MOST, _AT_LEAST = True, False

TABLE: Final = (
    Bar("durable_write_vs_lmdb", "us", "one-put LMDB commit", _AT_MOST, 3.0, 2.4),
    Bar("durable_write_vs_same_puts", "us", "the same puts in LMDB", _AT_MOST, 1.6, 1.3),
    Bar("kib_written_per_commit", "KiB", None, _AT_MOST, 72, 48),
    Bar("engine_cpu_us", "us", None, _AT_MOST, 60, 35),
    Bar("server_cpu_us_32_apps", "us", None, _AT_MOST, 150, 100),
    Bar("apps32_vs_1", "1/s", "one app", _AT_LEAST, 3.5, 5),
    Bar("get_vs_row_echo", "us", "echo of the row", _AT_LEAST, 0.65, 0.8),
    Bar("apply_vs_decode_put", "1/s", "decode and put", _AT_LEAST, 0.40, 0.6),
    Bar("apply_changed_vs_decode_put", "1/s", "decode and put", _AT_LEAST, 0.30, 0.5),
    Bar("hub_judge_vs_rewrite", "1/s", "decode and rewrite", _AT_LEAST, 0.25, 0.4),
    Bar("replay_5000_per_second", "1/s", None, _AT_LEAST, None, None),
    Bar("merge_5000x2_seconds", "s", None, _AT_MOST, None, None),
    Bar("ten_changes_work_1m_vs_1k", "entries", "1,000 rows", _AT_MOST, 1.0, None),
    Bar("ten_changes_1m_vs_100k", "ms", "100,000 rows", _AT_MOST, 1.7, 1.4),
    Bar("ready_vs_import_trio", "ms", "import trio", _AT_MOST, 1.3, 1.0),
    Bar("memory_vs_import_trio", "MiB", "import trio", _AT_MOST, 1.6, 1.2),
    Bar("status_vs_bare_python", "ms", "python -c pass", _AT_MOST, 2.5, 1.25),
)
"""Bars of a comparison are on the ratio, the others on the value itself.

Where ``most`` is False the ratio is one of rates, or of the floor's time to ours: higher is
better.
"""

_BY_NAME: Final = {bar.name: bar for bar in TABLE}


def result(
    name: str,
    value: float,
    against: float | None = None,
    ratio: float | None = None,
    *,
    void: str | None = None,
) -> Result:
    """The result of a row of the table."""
    bar = _BY_NAME[name]
    assert (bar.against is None) == (against is None) == (ratio is None), name
    return Result(bar, value, against, ratio, void)

"""The table and the JSON of the benchmarks."""

from __future__ import annotations

import json

import pytest

from benchmarks import bars, report
from benchmarks.__main__ import main, rows_measured
from benchmarks.harness import Bar

HELD = bars.result("durable_write_vs_lmdb", 700.04, 300.0, 2.3334)
MISSED = bars.result("kib_written_per_commit", 96.0)
CUT = bars.result("engine_cpu_us", 50.0, void="smaller")


def test_json_has_the_promised_keys() -> None:
    """Schema 1: name, value, unit, against, ratio, bar, stretch and holds for each row."""
    document = json.loads(report.as_json([HELD, MISSED, CUT], quick=True))
    assert (document["schema"], document["quick"]) == (1, True)
    assert document["results"] == [
        {
            "name": "durable_write_vs_lmdb", "value": 700.04, "unit": "us", "against": 300.0,
            "ratio": 2.333, "bar": 3.0, "stretch": 2.4, "holds": True,
        },
        {
            "name": "kib_written_per_commit", "value": 96.0, "unit": "KiB", "against": None,
            "ratio": None, "bar": 72, "stretch": 48, "holds": False,
        },
        {
            "name": "engine_cpu_us", "value": 50.0, "unit": "us", "against": None,
            "ratio": None, "bar": 60, "stretch": 35, "holds": None,
        },
    ]  # fmt: skip


def test_json_is_one_line() -> None:
    """So that runs can be collected in a file."""
    assert "\n" not in report.as_json([HELD, MISSED], quick=False)


def test_the_table_says_what_a_bar_is_and_whether_it_holds() -> None:
    """One line for each row; a missed bar stands out, void work says why it is."""
    head, held, missed, cut = report.as_table([HELD, MISSED, CUT]).splitlines()
    assert head.split() == ["name", "value", "against", "ratio", "bar", "stretch"]
    assert held.split("  ")[-1].strip() == "stretch"
    assert "<= 3" in held
    assert "300 us, one-put LMDB commit" in held
    assert missed.endswith("MISSED")
    assert cut.endswith("smaller")


def test_a_comparison_without_its_floor_is_refused() -> None:
    """A row that compares has both figures and their ratio, one that does not has neither."""
    with pytest.raises(AssertionError):
        bars.result("durable_write_vs_lmdb", 700.0)
    with pytest.raises(AssertionError):
        bars.result("engine_cpu_us", 50.0, 1.0, 50.0)


def test_every_row_of_the_table_is_measured_once() -> None:
    """The benchmarks yield the rows of the table, in its order."""
    assert rows_measured() == [bar.name for bar in bars.TABLE]


def test_a_stretch_is_beyond_its_bar() -> None:
    """What we want is more than what we promise."""

    def is_beyond(bar: Bar) -> bool:
        assert bar.bar is not None
        assert bar.stretch is not None
        return bar.stretch < bar.bar if bar.most else bar.stretch > bar.bar

    assert all(is_beyond(bar) for bar in bars.TABLE if bar.stretch is not None)


def test_an_unknown_row_measures_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A typing error ends at once, with exit code 2 and the word that was wrong."""
    assert main(["--quick", "durable_wriet"]) == 2
    assert "durable_wriet" in capsys.readouterr().err

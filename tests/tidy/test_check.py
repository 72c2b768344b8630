"""The command that runs all checks tells the truth about them."""

from __future__ import annotations

import subprocess
import sys

from tests import check

SKIPPING = """
print("SKIPPED [1] tests/e2e/test_northwind.py:12: ../shared is missing")
print("1 passed, 1 skipped")
"""


def test_a_failing_step_fails_and_shows_its_output() -> None:
    """A tool that fails is shown in full, and nothing after it in its step is run."""
    said: list[str] = []
    commands = (("-c", "print('why'); raise SystemExit(3)"), ("-c", "print('not run')"))
    result = check.perform("lint", commands, said.append)
    assert not result.passed
    assert said == ["why"]
    assert "FAILED: lint" in check.closing_line([result])


def test_a_passing_tool_is_silent() -> None:
    """A tool that finds nothing says nothing."""
    said: list[str] = []
    result = check.perform("lint", (("-c", "print('fine')"),), said.append)
    assert result.passed
    assert said == []


def test_the_last_line_names_what_was_skipped() -> None:
    """pytest's own lines are passed on, and what it skipped stands in the closing line."""
    said: list[str] = []
    result = check.perform("tests", (("-c", SKIPPING),), said.append)
    assert "1 passed, 1 skipped" in said
    line = check.closing_line([result], ["coverage (fast)"])
    assert "all passed" in line
    assert line.endswith(
        "skipped: coverage (fast); tests/e2e/test_northwind.py (../shared is missing)"
    )


def test_an_unknown_step_is_refused() -> None:
    """A step that is not there is an error that names those that are."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.check", "nothing"],
        cwd=check.ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 2
    assert "there are fast, format, lint, types, floors, tests, processes, coverage" in done.stdout

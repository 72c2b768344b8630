"""The first thing the command does: find out which home is meant."""

from __future__ import annotations

import pytest

from satchel_cli.app import take_home


@pytest.mark.parametrize(
    ("arguments", "home", "rest"),
    [
        (["status"], None, ["status"]),
        (["--home", "a", "status"], "a", ["status"]),
        (["status", "--home", "a"], "a", ["status"]),
        (["get", "--home=a", "account", "1"], "a", ["get", "account", "1"]),
        (["--home", "a", "status", "--home", "b"], "b", ["status"]),
        (
            ["create", "account", "--", "--home", "a"],
            None,
            ["create", "account", "--", "--home", "a"],
        ),
    ],
)
def test_the_home_may_stand_anywhere(
    arguments: list[str], home: str | None, rest: list[str]
) -> None:
    """``--home`` belongs to every command, before it and after it; the last one counts."""
    assert take_home(arguments) == (home, rest)


@pytest.mark.parametrize("arguments", [["status", "--home"], ["--home=", "status"]])
def test_a_home_without_a_folder_is_left_to_be_refused(arguments: list[str]) -> None:
    """A home that is empty or missing never means the usual folders."""
    assert take_home(arguments) == (None, ["--home=", "status"])

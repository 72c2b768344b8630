"""The index of commands and the check of what they are given."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.api.messages import (
    COMMANDS,
    OPS,
    READING,
    WAITING,
    WATCHING,
    WRITING,
    check_request,
    find_command,
)
from satchel.model.errors import Invalid, Mistake
from satchel.model.limits import CHANGESET_OPS_MAX, LIST_ROWS_DEFAULT

ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def refused(command: str, given: dict[str, Any]) -> Mistake:
    with pytest.raises(Mistake) as caught:
        check_request(find_command(command), given)
    assert caught.value.code == "BAD_REQUEST"
    return caught.value


def test_every_command_explains_itself() -> None:
    """Name, help, answer and colour are there for each command."""
    for name, command in COMMANDS.items():
        assert command.name == name
        assert command.help[0].isupper()
        assert command.help.endswith((".", "`discard`."))
        assert command.answer
        assert command.access in (READING, WRITING, WAITING, WATCHING)


def test_what_changes_rows_goes_through_the_writer() -> None:
    """Each op of ``change`` is a writing command of its own."""
    assert {COMMANDS[op].access for op in OPS} == {WRITING}
    assert COMMANDS["change"].access == WRITING


def test_an_unknown_command_is_named() -> None:
    """UNKNOWN_COMMAND names it, shortened."""
    with pytest.raises(Mistake, match="'frobnicate'") as caught:
        find_command("frobnicate")
    assert caught.value.code == "UNKNOWN_COMMAND"


def test_defaults_are_filled_in() -> None:
    """Handlers find every argument, given or not; nil counts as not given."""
    assert check_request(find_command("list"), {"table": "account", "limit": None}) == {
        "table": "account",
        "after": None,
        "limit": LIST_ROWS_DEFAULT,
        "columns": None,
    }


@pytest.mark.parametrize(
    ("command", "given", "argument"),
    [
        ("get", {"table": "account"}, "id"),
        ("get", {"table": "account", "id": "no uuid"}, "id"),
        ("get", {"table": "", "id": ID}, "table"),
        ("get", {"table": "account", "id": ID, "columns": ["name", 3]}, "columns"),
        ("get", {"table": "account", "id": ID, "colour": "red"}, "colour"),
        ("list", {"table": "account", "limit": 0}, "limit"),
        ("list", {"table": "account", "limit": 5001}, "limit"),
        ("list", {"table": "account", "limit": True}, "limit"),
        ("create", {"table": "account", "columns": {1: "x"}}, "columns"),
        ("await", {"ctr": 0, "until": "visible"}, "ctr"),
        ("await", {"ctr": 1, "until": "durable"}, "until"),
        ("changes", {"since": -1}, "since"),
        ("changes", {"since": 1 << 63}, "since"),
        ("links", {"relationship": "r", "id": ID, "side": "top"}, "side"),
        ("quarantine.show", {"ctr": 1, "replica": "ABCDEF0123456789"}, "replica"),
        ("quarantine.export", {"replica": "abcdef0123456789"}, "ctr"),
        ("conflicts", {"all": 1}, "all"),
        ("change", {"ops": []}, "ops"),
        ("change", {"ops": ["create"]}, "ops"),
        ("change", {"ops": [{"do": "stop"}]}, "do"),
        ("change", {"ops": [{"do": ["create"]}]}, "do"),
        ("change", {"ops": [{"do": "delete", "table": "account"}]}, "id"),
    ],
)
def test_a_bad_argument_is_named(command: str, given: dict[str, Any], argument: str) -> None:
    """The refusal names command and argument, in words and in details."""
    refusal = refused(command, given)
    assert refusal.details["argument"] == argument
    assert repr(argument) in refusal.message
    assert refusal.message.startswith(command)


def test_the_op_of_a_change_is_numbered() -> None:
    """In a changeset of several ops the refusal says which one it means."""
    good = {"do": "restore", "table": "account", "id": ID}
    refusal = refused("change", {"ops": [good, {**good, "id": "x"}]})
    assert refusal.message.startswith("change, op 1")


def test_the_ops_of_a_change_are_complete() -> None:
    """Each op comes out as the command it is, defaults included."""
    given = {"ops": [{"do": "delete", "table": "account", "id": ID}]}
    assert check_request(find_command("change"), given)["ops"] == [
        {"do": "delete", "table": "account", "id": ID, "version": None}
    ]


def test_too_many_ops_are_too_big() -> None:
    """A changeset has a bound, and it is not the app's mistake in form."""
    op = {"do": "restore", "table": "account", "id": ID}
    check_request(find_command("change"), {"ops": [op] * CHANGESET_OPS_MAX})
    with pytest.raises(Invalid) as caught:
        check_request(find_command("change"), {"ops": [op] * (CHANGESET_OPS_MAX + 1)})
    assert caught.value.code == "TOO_BIG"

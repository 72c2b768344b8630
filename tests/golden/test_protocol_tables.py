"""Every number, code, command and bound that meets a wire stands in PROTOCOL.md.

Each test compares a table of the page with the code, both ways: what is missing there, and
what is no longer so, fails.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import IntEnum

import pytest

from satchel.api import connection, messages
from satchel.api.arguments import Shape
from satchel.api.hub_messages import HUB_COMMANDS
from satchel.api.messages import COMMANDS, Command
from satchel.hub import requests
from satchel.model import changeset, limits
from satchel.model.conflict import ConflictKind
from satchel.model.errors import CODES
from satchel.model.feed import Item
from satchel.model.kinds import Kind, Policy
from satchel.model.outcome import Code
from satchel.sync.states import STATUS_WORDS
from satchel.wire import compress, envelope, frame
from satchel.wire.frame import FrameType
from tests.golden import document

ARGUMENT = re.compile(r"`(\w+)(\?)?(?:=([^`]+))?` ([^,]+)")

NOT_ON_A_WIRE = frozenset(
    {
        # how a store and its process work; nobody else can tell
        "GROUP_COMMIT_MAX",
        "WRITER_QUEUE_MAX",
        "FLIP_ROWS_MAX",
        "FLIP_BYTES_MAX",
        "BUILD_ROWS_MAX",
        "BUILD_BYTES_MAX",
        "ARCHIVE_MS",
        "MAP_BYTES_START",
        "MAP_BYTES_MAX",
        "MAP_GROWTHS_PER_TRANSACTION",
        "HUB_BATCH_MAX",
        "PULLS_BYTES_MAX",
    }
)


def _numbered(name: str) -> dict[int, str]:
    return {int(row[0]): document.code_words(row[1])[0] for row in document.table(name)}


@pytest.mark.parametrize(
    ("name", "enum"),
    [
        ("outcomes", Code),
        ("frame-types", FrameType),
        ("kinds", Kind),
        ("policies", Policy),
        ("items", Item),
        ("conflict-kinds", ConflictKind),
    ],
)
def test_numbers(name: str, enum: type[IntEnum]) -> None:
    """Each number that is on a wire has its line, with the name the code gives it."""
    assert _numbered(name) == {int(one): one.name for one in enum}


def test_op_codes() -> None:
    """Every op code, reserved ones too, has its line; those spoken are marked as such."""
    known = {
        value: name
        for name, value in vars(changeset).items()
        if name.isupper() and type(value) is int and name != "ENTRY_FORMAT"
    }
    assert _numbered("op-codes") == known
    spoken = {int(row[0]) for row in document.table("op-codes") if "reserved" not in row[2]}
    assert spoken == changeset.OP_NAMES.keys()


def test_frame_types_that_are_not_spoken_are_marked() -> None:
    """A type is marked reserved exactly if this version refuses it."""
    reserved = {int(row[0]) for row in document.table("frame-types") if "reserved" in row[2]}
    assert reserved == {int(kind) for kind in FrameType if kind > FrameType.ERR}


def test_flags() -> None:
    """The flags of a frame."""
    assert _numbered("frame-flags") == {
        frame.COMPRESSED: "COMPRESSED",
        frame.LAST: "LAST",
        frame.ERROR: "ERROR",
    }


def test_error_codes() -> None:
    """Every error code, with its class and the exit code of the command line."""
    shown = {
        document.code_words(code)[0]: (document.code_words(kind)[0], int(exit_code))
        for code, kind, exit_code, _ in document.table("errors")
    }
    assert shown == {code: (kind.__name__, kind.exit) for code, kind in CODES.items()}


def test_limits() -> None:
    """Every bound that somebody else can meet, with its value; the others are named here."""
    shown = {document.code_words(row[0])[0]: _value(row[1]) for row in document.table("limits")}
    known = {name: value for name, value in vars(limits).items() if name.isupper()}
    known |= {
        "HELLO_BYTES_MAX": connection.HELLO_BYTES_MAX,
        "COMPRESS_BYTES_MIN": compress.COMPRESS_BYTES_MIN,
        "PAYLOAD_BYTES_MAX": frame.PAYLOAD_BYTES_MAX,
    }
    assert known.keys() >= NOT_ON_A_WIRE
    assert shown == {name: known[name] for name in known if name not in NOT_ON_A_WIRE}


def _value(cell: str) -> int:
    return int(document.code_words(cell)[0].replace(",", ""))


@pytest.mark.parametrize(
    ("name", "index"), [("commands", COMMANDS), ("hub-commands", HUB_COMMANDS)]
)
def test_commands(name: str, index: Mapping[str, Command]) -> None:
    """Every command with its access, what it does, its arguments and its answer."""
    shown = {
        document.code_words(row[0])[0]: (*row[1:4], document.code_words(row[4])[0])
        for row in document.table(name)
    }
    assert shown == {
        command.name: (command.access, command.help, _arguments(command), command.answer)
        for command in index.values()
    }


def _arguments(command: Command) -> str:
    shown = []
    for argument in command.arguments.values():
        mark = "" if argument.required else "?"
        default = "" if argument.default is None else f"={json.dumps(argument.default)}"
        shown.append(f"`{argument.name}{mark}{default}` {_type(argument.shape)}")
    return ", ".join(shown) or "none"


def _type(shape: Shape) -> str:
    """The page's short name of a shape; ranges and choices are spelt out."""
    names = {words: document.code_words(name)[0] for name, words in document.table("arguments")}
    if shape.words in names:
        return names[shape.words]
    numbers = re.fullmatch(r"a whole number from (\d+) to (\d+)", shape.words)
    if numbers:
        return f"{numbers[1]}..{numbers[2]}"
    return shape.words.removeprefix("one of ").replace(", ", "/")


def test_every_argument_type_is_used() -> None:
    """The page explains no type that no command takes."""
    commands = (*COMMANDS.values(), *HUB_COMMANDS.values())
    used = {argument.shape.words for each in commands for argument in each.arguments.values()}
    assert {words for _, words in document.table("arguments")} <= used


def test_states() -> None:
    """Every word that says how a device stands to its hub."""
    shown = {document.code_words(row[0])[0] for row in document.table("states")}
    assert shown == {*STATUS_WORDS.values(), "loading", *messages.STATES}


@pytest.mark.parametrize(
    "constant",
    [
        envelope.SYNC_PATH,
        envelope.HEALTH_PATH,
        envelope.HEALTH_TEXT,
        envelope.CONTENT_TYPE,
        envelope.AUTH_HEADER,
    ],
)
def test_names_on_the_wire(constant: str) -> None:
    """Paths, media type and header stand on the page as they are sent."""
    assert f"`{constant}`" in document.text()


def test_versions() -> None:
    """The page is about the versions that the code speaks."""
    assert connection.PROTOCOL_VERSION == requests.PROTO == changeset.ENTRY_FORMAT == 1
    assert document.text().startswith("# The Satchel protocol, version 1\n")

"""The reader of the notation in which PROTOCOL.md says what bytes mean."""

from __future__ import annotations

from typing import Any

import pytest

from tests.golden.notation import read_hex, read_meaning


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("[true, -1, 1.5]", [True, -1, 1.5]),
        ('"a # b \\u00e9"', "a # b é"),
        ("h'00 ff'", b"\x00\xff"),
        ("<<[1]>>", b"\x91\x01"),
        ("{1: {}, \"a\": h''}", {1: {}, "a": b""}),
        ("[ # a remark\n 1 ] # another\n", [1]),
    ],
)
def test_what_it_reads(text: str, value: Any) -> None:
    """Each form of the notation is the value it stands for."""
    assert read_meaning(text) == value


@pytest.mark.parametrize("text", ["", "[1", "[1 2]", "1 2", "{1 2}", "nil", "h'0'", "<<1"])
def test_what_it_refuses(text: str) -> None:
    """A text that is no value, or more than one, is an error."""
    with pytest.raises(ValueError, match=r"."):
        read_meaning(text)


def test_a_dump_is_read_without_its_remarks() -> None:
    """Spaces, line ends and what follows a # are no bytes."""
    assert read_hex("00 01 # 02\n  ff") == b"\x00\x01\xff"

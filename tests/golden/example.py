"""What an example of PROTOCOL.md is: bytes, and the way from them to a meaning and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from satchel.wire.codec import pack, unpack


class Example(NamedTuple):
    """Bytes that the production code makes; how it reads them; how they follow from a meaning.

    ``read`` gives plain values; it goes through whatever decoder a receiver would use.
    """

    data: bytes
    read: Callable[[bytes], Any]
    write: Callable[[Any], bytes]


def value(data: bytes) -> Example:
    """Bytes that are one encoded value and nothing else."""
    return Example(data, unpack, pack)

"""The one msgpack codec.  The only module that imports msgpack.

Canonical by construction (PROTOCOL.md, "Canonical bytes"): shortest integers, 8-byte
floats, ``str`` for text, ``bin`` for bytes, and maps in the order in which the caller
built them, which for anything hashed or compared is ascending key order: use
:func:`sorted_map`.  Sorting here would cost every row 9 us (budget.md 3), so the one
who builds a map sorts it once, when a key is added.

Decoding is strict: no trailing bytes, no bad UTF-8, no extension types, no duplicate
or odd map keys beyond what msgpack itself allows, bounded lengths.  Received bytes that
were hashed or signed are kept as they came and never encoded again.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgpack

from satchel.model import limits
from satchel.model.errors import Garbled

_Key = TypeVar("_Key", int, str, bytes)

_packer = msgpack.Packer(use_bin_type=True, autoreset=True, strict_types=False)
_pack = _packer.pack
_BYTES_MAX = 64 << 20
_CONTAINERS = (list, dict)


def pack(value: Any) -> bytes:
    """Encode plain values (None, bool, int, float, str, bytes, list, tuple, dict)."""
    encoded: bytes = _pack(value)
    return encoded


def unpack(data: bytes, bytes_max: int = _BYTES_MAX) -> Any:
    """Decode one value that fills ``data`` exactly.

    Raises :class:`Garbled` BAD_FRAME for anything else: truncation, trailing bytes,
    bad UTF-8, extension types, lengths beyond the data, nesting beyond the bound.
    """
    if len(data) > bytes_max:
        raise Garbled("FRAME_TOO_BIG", f"A message of {len(data)} bytes exceeds {bytes_max} bytes.")
    try:
        # No length can exceed the data itself: that bound is the library's own.
        return msgpack.unpackb(data, strict_map_key=False, ext_hook=_refuse_extension)
    except (ValueError, TypeError, RecursionError, msgpack.exceptions.UnpackException) as broken:
        reason = str(broken) or type(broken).__name__
        raise Garbled(
            "BAD_FRAME", f"These bytes are not one msgpack value ({reason[:80]})."
        ) from None


def sorted_map(plain: dict[_Key, Any]) -> dict[_Key, Any]:
    """The same map with its keys ascending, as canonical bytes need it."""
    return {key: plain[key] for key in sorted(plain)}


def depth_within(value: Any, bound: int = limits.NESTING_DEPTH_MAX) -> bool:
    """Whether arrays and maps in ``value`` nest at most ``bound`` deep."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return True
    if bound < 1:
        return False
    for item in value:  # plain: every changeset passes here, most of it is no container
        if item.__class__ in _CONTAINERS and not depth_within(item, bound - 1):
            return False
    return True


def _refuse_extension(code: int, data: bytes) -> Any:
    raise ValueError(f"extension type {code}")

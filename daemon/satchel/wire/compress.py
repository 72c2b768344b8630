"""Bounded zstd: the one module that knows the compressor.

Owns how a payload is made smaller and, above all, how it is made larger again: never
beyond a bound, whatever the compressed bytes claim about themselves.  Knows nothing of
frames.  The library is imported when a payload is first (de)compressed, so a process
that speaks to no hub never loads it.
"""

from __future__ import annotations

from typing import Final

from satchel.model.errors import Garbled

COMPRESS_BYTES_MIN: Final = 512
"""Below this the header eats what compression saves, and the call costs more than the bytes."""

_LEVEL = 3
"""As fast as level 1 on rows, and smaller (limits.md 4)."""


def shrink(data: bytes) -> bytes | None:
    """``data`` as one zstd frame that states its size; None when that would not be smaller."""
    if len(data) <= COMPRESS_BYTES_MIN:
        return None
    import zstandard

    # A fresh object each time: the library's are not safe on two threads at once, and
    # making one costs 10 us, which is little beside the bytes worth compressing.
    small = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True).compress(data)
    return small if len(small) < len(data) else None


def restore(data: bytes, bytes_max: int) -> bytes:
    """The bytes that :func:`shrink` was given.

    The frame must state its size and the size must be within ``bytes_max``: both are
    looked at before anything is allocated (the library by itself allocates whatever the
    header claims).  Raises :class:`Garbled` FRAME_TOO_BIG for a larger claim, BAD_FRAME
    for anything that is not exactly one frame of the size it states.
    """
    import zstandard

    try:
        claimed = zstandard.get_frame_parameters(data).content_size
        if not 0 < claimed < zstandard.CONTENTSIZE_UNKNOWN:
            raise Garbled("BAD_FRAME", "A compressed payload does not state its size.")
        if claimed > bytes_max:
            raise Garbled(
                "FRAME_TOO_BIG",
                f"A payload of {claimed} bytes after decompression exceeds {bytes_max} bytes.",
            )
        return zstandard.ZstdDecompressor().decompress(
            data, max_output_size=bytes_max, allow_extra_data=False
        )
    except zstandard.ZstdError as broken:
        raise Garbled(
            "BAD_FRAME", f"A payload cannot be decompressed ({str(broken)[:80]})."
        ) from None

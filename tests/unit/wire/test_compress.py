"""Compression by itself: it pays or it stays away, and it is bounded on the way back."""

from __future__ import annotations

import subprocess
import sys

import pytest

from satchel.model.errors import Garbled
from satchel.wire.compress import COMPRESS_BYTES_MIN, restore, shrink


def test_what_was_shrunk_is_restored() -> None:
    """A row of text comes back byte for byte, at a fraction of its size."""
    text = b"The quarterly review with the customer went well. " * 100
    small = shrink(text)
    assert small is not None
    assert len(small) < len(text) // 20
    assert restore(small, len(text)) == text


def test_small_payloads_are_left_alone() -> None:
    """At the threshold nothing is tried; one byte above it is."""
    assert shrink(b"a" * COMPRESS_BYTES_MIN) is None
    assert shrink(b"a" * (COMPRESS_BYTES_MIN + 1)) is not None


def test_the_bound_is_the_callers() -> None:
    """The same bytes pass under a bound that holds them and fail one byte below."""
    small = shrink(b"a" * 5000)
    assert small is not None
    assert len(restore(small, 5000)) == 5000
    with pytest.raises(Garbled) as caught:
        restore(small, 4999)
    assert caught.value.code == "FRAME_TOO_BIG"


def test_the_compressor_is_loaded_only_when_it_is_used() -> None:
    """Importing the wire loads neither zstandard nor cryptography: the daemon starts without."""
    program = (
        "import sys, satchel.wire.frame, satchel.wire.envelope;"
        "print(sorted({'zstandard', 'cryptography', 'trio', 'httpx'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=_environment(),
    )
    assert run.stdout.strip() == "[]"


def _environment() -> dict[str, str]:
    return {"PYTHONPATH": ":".join(path for path in sys.path if path)}

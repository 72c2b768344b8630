"""What an error of LMDB or of the file system means for a person.

Owns the translation into Trouble DISK_FULL and STORE_DAMAGED.  Touches no store.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import lmdb

from satchel.model.errors import Trouble

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FREE_BYTES_MIN = 1 << 20

_MISUSE = (
    lmdb.BadValsizeError,
    lmdb.BadDbiError,
    lmdb.BadRslotError,
    lmdb.BadTxnError,
    lmdb.DbsFullError,
    lmdb.IncompatibleError,
    lmdb.InvalidParameterError,
    lmdb.ReadonlyError,
    lmdb.ReadersFullError,
)


def is_misuse(error: lmdb.Error) -> bool:
    """Whether Satchel erred, and not the disk: a key of 600 bytes, an ended transaction.

    py-lmdb raises its plain ``Error`` without a code where it refuses by itself.
    """
    return isinstance(error, _MISUSE) or (type(error) is lmdb.Error and not _code(error))


def trouble_of(error: lmdb.Error | OSError, path: Path) -> Trouble:
    """The Trouble of a failed open, read, write or commit of the store in ``path``."""
    code = _code(error)
    # LMDB turns a write cut short by a full disk into EIO, so ask the file system too.
    if code in _FULL or (code == errno.EIO and _free_bytes(path) < _FREE_BYTES_MIN):
        return disk_full(path)
    return Trouble(
        "STORE_DAMAGED",
        f"The disk or the files of the store in {path} failed: {error}.",
        "Check the disk; then start again, or restore the store from a copy.",
        {"path": str(path), "cause": str(error)},
    )


def disk_full(path: Path) -> Trouble:
    """DISK_FULL for the store in ``path``."""
    return Trouble(
        "DISK_FULL",
        f"There is no room left for the store in {path}.",
        "Free some space; nothing that was acknowledged is lost, and work goes on by itself.",
        {"path": str(path)},
    )


def _code(error: lmdb.Error | OSError) -> int:
    """The errno, or LMDB's negative code; 0 if there is none (py-lmdb leaves it out)."""
    return (error.errno if isinstance(error, OSError) else getattr(error, "code", 0)) or 0


def _free_bytes(path: Path) -> int:
    try:
        facts = os.statvfs(path)
    except OSError:
        return _FREE_BYTES_MIN
    return facts.f_bavail * facts.f_frsize

"""One process per store: an exclusive lock on the file ``LOCK`` in the store's folder.

Owns that file and nothing else.  LMDB itself would let two processes write in turns, but
a store has one writer whose counters and windows live in its memory, so a second process
must not even open it.  The kernel drops the lock when its holder dies, however it dies.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from satchel.model.errors import Clash


class StoreLock:
    """A held lock; :meth:`release` gives it back."""

    __slots__ = ("_descriptor",)

    def __init__(self, folder: Path) -> None:
        """Take the lock of ``folder``, which exists.

        Raises Clash ALREADY_RUNNING, with ``pid`` in its details, where another process
        (or another store object of this one) holds it.
        """
        # The file stays when the lock goes: removing it would let two processes hold
        # locks on two files of the same name.
        descriptor = os.open(folder / "LOCK", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read_pid(descriptor)
            os.close(descriptor)
            raise Clash(
                "ALREADY_RUNNING",
                f"The store in {folder} is in use by the process with pid {holder or 'unknown'}.",
                "Use that process, or stop it first: satchel stop",
                {"pid": holder, "path": str(folder)},
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Give the lock back; more than once is harmless."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _read_pid(descriptor: int) -> int | None:
    """The pid its holder wrote, or None in the moment before it has."""
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else None

"""One process per store, however the last one ended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from satchel.model.errors import Clash
from satchel.store.lock import StoreLock

HOLDER = """
import sys
from pathlib import Path
from satchel.store.lock import StoreLock
lock = StoreLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_another_process_is_refused_with_the_pid_of_the_holder(folder: Path) -> None:
    """The error says who holds it; a holder that was killed holds nothing."""
    sources = os.pathsep.join(path for path in sys.path if path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": sources},
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Clash) as caught:
            StoreLock(folder)
        holder.kill()
    assert caught.value.code == "ALREADY_RUNNING"
    assert caught.value.details["pid"] == holder.pid
    assert str(holder.pid) in caught.value.message
    StoreLock(folder).release()


def test_a_released_lock_can_be_taken_again(folder: Path) -> None:
    """Releasing twice is harmless and does not give away what another holds since."""
    lock = StoreLock(folder)
    lock.release()
    again = StoreLock(folder)
    lock.release()
    with pytest.raises(Clash):
        StoreLock(folder)
    again.release()


def test_a_holder_that_has_not_written_its_pid_yet_is_unknown(folder: Path) -> None:
    """The moment between lock and pid is answered without guessing."""
    lock = StoreLock(folder)
    (folder / "LOCK").write_bytes(b"")
    with pytest.raises(Clash) as caught:
        StoreLock(folder)
    assert caught.value.details["pid"] is None
    lock.release()

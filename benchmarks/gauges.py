"""What the system says of a process: processor time, private memory, bytes written."""

from __future__ import annotations

import os
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of all its threads so far, to a hundredth of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def written_bytes(pid: int) -> int:
    """What it has written to files so far, byte for byte.

    ``wchar``: exact, and without what goes over sockets by ``send``.  ``write_bytes`` beside
    it counts what the page cache marks, on newer kernels up to 64 KiB for a page of 4.
    """
    return _field(Path(f"/proc/{pid}/io"), "wchar:")


def private_bytes(pid: int) -> int:
    """Memory that is its alone and no file's: mapped pages of a store are the system's."""
    return _field(Path(f"/proc/{pid}/status"), "RssAnon:") << 10


def _field(file: Path, name: str) -> int:
    for line in file.read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise OSError(f"{file} does not tell {name}")

"""Where log lines go: a file under the logs folder, bounded, private, without secrets.

Log lines name codes, counters and ids, never values that people typed, keys or invites.
"""

from __future__ import annotations

import logging
import os
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

_FILE_BYTES_MAX = 1 << 20
_FILES_KEPT = 3


class _PrivateFile(RotatingFileHandler):
    """Opens every file so that only this user reads it, those after a rotation too."""

    def _open(self) -> TextIOWrapper:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(self.baseFilename, flags, 0o600)
        return TextIOWrapper(open(descriptor, "ab"), encoding=self.encoding)


def start_logging(folder: str, name: str, level: str) -> Path:
    """Log to ``folder/name.log`` (mode 0600; 4 MiB at most in all); returns the file."""
    Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    path = Path(folder) / f"{name}.log"
    handler = _PrivateFile(
        path, maxBytes=_FILE_BYTES_MAX, backupCount=_FILES_KEPT, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return path

"""Where log lines go: a file under the logs folder, bounded, private, without secrets.

Log lines name codes, counters and ids, never values that people typed, keys or invites.
"""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path

_FILE_BYTES_MAX = 1 << 20
_FILES_KEPT = 3


def start_logging(folder: str, name: str, level: str) -> Path:
    """Log to ``folder/name.log`` (mode 0600; 4 MiB at most in all); returns the file."""
    Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    path = Path(folder) / f"{name}.log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.close(descriptor)
    handler = RotatingFileHandler(
        path, maxBytes=_FILE_BYTES_MAX, backupCount=_FILES_KEPT, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return path

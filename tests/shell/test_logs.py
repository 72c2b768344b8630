"""The log: a private, bounded file."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from satchel.shell import logs
from tests.shell.home import new_layout


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for logs; the root logger is as it was afterwards."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    with new_layout() as layout:
        yield Path(layout.logs)
        for handler in [each for each in root.handlers if each not in before]:
            root.removeHandler(handler)
            handler.close()
        root.setLevel(level)


def test_every_log_file_is_private(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the umask, only this user reads the log, those a rotation has begun as well."""
    monkeypatch.setattr(logs, "_FILE_BYTES_MAX", 500)
    path = logs.start_logging(str(folder), "satcheld", "info")
    logger = logging.getLogger("satchel.test")
    for number in range(40):
        logger.info("line %d with a name: Zoë", number)
    files = sorted(folder.iterdir())
    assert path in files
    assert len(files) == 4
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert all(file.stat().st_size <= 500 for file in files)
    assert "line 39 with a name: Zoë" in path.read_text(encoding="utf-8")


def test_the_level_is_kept(folder: Path) -> None:
    """Below the level nothing is written, and the HTTP library is quiet."""
    path = logs.start_logging(str(folder), "satcheld", "warning")
    logging.getLogger("satchel.test").info("not this")
    logging.getLogger("httpx").info("nor this")
    logging.getLogger("satchel.test").warning("but this")
    assert path.read_text(encoding="utf-8").count("\n") == 1

"""What the doctor sees without a daemon."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from satchel_cli.checks import folder_check, local_checks, socket_check


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="s", dir="/tmp") as path:
        yield Path(path)


def test_a_new_home_is_healthy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has to be there before the first start."""
    monkeypatch.setenv("SATCHEL_HOME", str(folder / "new"))
    checks = list(local_checks())
    assert [check.name for check in checks] == [
        "settings", "data folder", "run folder", "logs folder", "socket",
    ]  # fmt: skip
    assert all(check.ok for check in checks)


def test_bad_settings_are_told_with_their_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A settings file that cannot be used is the first thing to mend."""
    monkeypatch.setenv("SATCHEL_HOME", str(folder))
    (folder / "settings.toml").write_text("[daemon]\nspeed = 9\n")
    (check,) = local_checks()
    assert not check.ok
    assert "speed" in check.message
    assert check.remedy


def test_a_folder_open_to_others_comes_with_its_remedy(folder: Path) -> None:
    """Records are private; the command that mends it is spelled out."""
    folder.chmod(0o755)
    check = folder_check("data folder", str(folder))
    assert (check.ok, check.remedy) == (False, f"Run: chmod 700 {folder}")
    folder.chmod(0o700)
    assert folder_check("data folder", str(folder)).ok


def test_a_file_in_the_way_is_told(folder: Path) -> None:
    """A file where a folder should be is neither used nor removed."""
    (folder / "data").write_text("")
    assert not folder_check("data folder", str(folder / "data")).ok
    assert not folder_check("data folder", str(folder / "data" / "deeper")).ok


def test_a_socket_is_known_by_what_answers(folder: Path) -> None:
    """Alive, left behind, not there yet, too long: each is a different sentence."""
    path = str(folder / "daemon.sock")
    assert "made when the daemon starts" in socket_check(path).message
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        os.chmod(path, 0o600)
        listener.listen()
        assert socket_check(path) == ("socket", True, path, "")
        os.chmod(path, 0o666)
        assert socket_check(path).remedy == f"Run: chmod 600 {path}"
    assert "left by a daemon that was killed" in socket_check(path).message
    long = socket_check(str(folder / ("x" * 120)))
    assert not long.ok
    assert "too long" in long.message

"""How a client finds the daemon, and what it loads to do so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from satchel.client.discover import Address, find_address, find_layout, read_settings
from satchel.model.errors import Mistake, Unavailable


def test_a_relative_home_is_under_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the argument and from the variable alike."""
    monkeypatch.chdir(tmp_path)
    assert find_layout("office").home == f"{tmp_path}/office"
    monkeypatch.setenv("SATCHEL_HOME", "van")
    assert find_layout().home == f"{tmp_path}/van"


def test_without_either_the_users_own_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment decides, as ``satchel.config`` says."""
    monkeypatch.delenv("SATCHEL_HOME", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert find_layout().socket == "/run/user/7/satchel/daemon.sock"


def test_no_settings_file_means_defaults(tmp_path: Path) -> None:
    """And one that is there is read."""
    layout = find_layout(str(tmp_path))
    assert read_settings(layout).daemon.device == ""
    Path(layout.settings).write_text('[daemon]\ndevice = "Van"\n')
    assert read_settings(layout).daemon.device == "Van"


def test_a_settings_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A sentence with its path, not a traceback."""
    layout = find_layout(str(tmp_path))
    Path(layout.settings).write_bytes(b"\xff\xfe")
    with pytest.raises(Mistake, match="cannot be read") as caught:
        read_settings(layout)
    assert layout.settings in caught.value.message


def test_a_port_file_is_used_where_there_is_no_socket(tmp_path: Path) -> None:
    """Host, port and token come from its one line."""
    layout = find_layout(str(tmp_path))
    os.makedirs(layout.run)
    Path(layout.tcp).write_text("127.0.0.1 4711 abcdef\n")
    assert find_address(layout) == Address(None, "127.0.0.1", 4711, "abcdef")
    assert str(find_address(layout)) == "127.0.0.1:4711"
    Path(layout.socket).touch()
    assert find_address(layout) == Address(layout.socket)


@pytest.mark.parametrize("text", ["", "127.0.0.1 4711", "127.0.0.1 port token"])
def test_half_a_port_file_is_no_daemon(tmp_path: Path, text: str) -> None:
    """NOT_RUNNING, with how to start one."""
    layout = find_layout(str(tmp_path))
    os.makedirs(layout.run)
    Path(layout.tcp).write_text(text)
    with pytest.raises(Unavailable) as caught:
        find_address(layout)
    assert caught.value.code == "NOT_RUNNING"
    assert "satchel start" in caught.value.remedy


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import satchel.client.discover", {"msgpack", "socket", "tomllib", "pathlib"}),
        ("import satchel; satchel.connect", {"trio", "httpx", "lmdb", "dataclasses", "asyncio"}),
    ],
)
def test_what_finding_and_connecting_load(statement: str, absent: set[str]) -> None:
    """Finding the daemon loads next to nothing, connecting to it no event loop."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "satchel.client" in loaded
    assert not loaded & absent

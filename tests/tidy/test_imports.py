"""What importing a package loads, which no linter sees: the start of every app pays for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"trio", "httpx", "lmdb", "typer", "msgpack", "cryptography", "asyncio", "dataclasses"}


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter holds after running the statement."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("package", ["satchel", "satchel.client", "satchel_cli"])
def test_importing_a_package_loads_nothing_heavy(package: str) -> None:
    """An app that imports Satchel waits for no event loop, no store and no HTTP."""
    loaded = loaded_by(f"import {package}")
    assert package in loaded
    assert not loaded & HEAVY


def test_a_heavy_import_is_seen() -> None:
    """The look into a fresh interpreter finds what is loaded."""
    assert "typer" in loaded_by("import typer")

"""What the import contracts in ``pyproject.toml`` cannot say themselves.

A contract over a package that may not be there yet names it ``satchel.store.**``, and
that wildcard matches the modules inside the package but not its ``__init__``.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS: list[dict[str, Any]] = SETTINGS["tool"]["importlinter"]["contracts"]
HALF_SEEN = [
    contract
    for contract in CONTRACTS
    if any(name.endswith(".**") for name in contract.get("source_modules", ()))
]


def imported(source: str) -> Iterator[str]:
    """The first word of every module that the source imports, at its top or deeper."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def initials(contract: dict[str, Any]) -> Iterator[Path]:
    """The files that the contract's wildcards miss: packages' ``__init__`` and lone modules."""
    for name in contract["source_modules"]:
        base = ROOT / "daemon" / name.removesuffix(".**").replace(".", "/")
        yield from (
            path for path in (base / "__init__.py", base.with_suffix(".py")) if path.exists()
        )


@pytest.mark.parametrize("contract", HALF_SEEN, ids=lambda contract: contract["id"])
def test_wildcards_hold_for_the_package_itself(contract: dict[str, Any]) -> None:
    """What a contract forbids to a package's modules, its ``__init__`` does not import either."""
    forbidden = set(contract["forbidden_modules"])
    offences = {
        str(path.relative_to(ROOT)): sorted(found)
        for path in initials(contract)
        if (found := forbidden.intersection(imported(path.read_text())))
    }
    assert not offences


def test_every_folder_of_code_is_a_package() -> None:
    """A folder without ``__init__`` is invisible to the linter, and no contract holds in it."""
    roots = (ROOT / "daemon" / "satchel", ROOT / "cli" / "satchel_cli")
    folders = {path.parent for root in roots for path in root.rglob("*.py")}
    missing = [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()]
    assert folders
    assert not missing


def test_a_planted_import_is_found() -> None:
    """An import inside a function counts, and so does a submodule."""
    assert set(imported("def f():\n    import os.path\nfrom trio.abc import Stream")) == {
        "os",
        "trio",
    }


def test_the_contracts_are_there() -> None:
    """Every contract that the architecture page names is in force, the floors exhaustively."""
    by_id = {contract["id"]: contract for contract in CONTRACTS}
    assert {"floors", "pure", "sync-colour", "cli-light", "one-importer"} <= by_id.keys()
    assert by_id["floors"]["exhaustive"] is True

"""The README names what there is: every command, and every setting at its default."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from typer.main import get_command

from satchel.config import SETTINGS, parse_settings
from satchel_cli.program import build

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
COMMANDS: dict[str, Any] = get_command(build()).commands  # type: ignore[attr-defined]


def is_named(words: str) -> bool:
    """Whether the README has this command, in full or its last word as code."""
    last = words.split()[-1]
    return re.search(rf"satchel {words}\b|`[^`\n]*\b{last}\b[^`\n]*`", README) is not None


def test_every_command_is_in_the_readme() -> None:
    """A command that nobody can read of does not exist; those of a group are named too."""
    words = [
        *COMMANDS,
        *(
            f"{name} {member}"
            for name, command in COMMANDS.items()
            for member in getattr(command, "commands", {})
        ),
    ]
    assert [each for each in words if not is_named(each)] == []


def test_the_settings_file_in_the_readme_is_complete() -> None:
    """One block of TOML shows every setting with its default, and can be used as it stands."""
    blocks = re.findall(r"^```toml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    shown = [
        plain for block in blocks if {"daemon", "hub"} <= (plain := tomllib.loads(block)).keys()
    ]
    assert len(shown) == 1
    assert {
        (section, name): value for section, part in shown[0].items() for name, value in part.items()
    } == {(setting.section, setting.name): setting.default for setting in SETTINGS}
    assert all(parse_settings(block) for block in blocks if "[daemon]" in block)

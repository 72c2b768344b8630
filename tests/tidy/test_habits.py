"""The habits of the code, held over every file of the repository.

Each rule comes with a planted offence, so that a rule which sees nothing is seen itself.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.tidy import rules

ROOT = Path(__file__).resolve().parents[2]
Rule = Callable[[str, str], Iterator[str]]

# What the office's tables are called, and the licence, are not ours to word.
FOREIGN = ("LICENSE", "daemon/satchel/schema/standard/")

# rule -> (path, text) of a file that offends it
PYTHON_RULES: dict[Rule, tuple[str, str]] = {
    rules.file_is_short: ("a.py", "x = 1\n" * 401),
    rules.functions_are_short: ("a.py", "def f():\n" + "    x = 1\n" * 51),
    rules.module_says_what_it_owns: ("a.py", "x = 1\n"),
    rules.module_is_not_empty: ("a.py", '"""A doc."""\nfrom __future__ import annotations\n'),
    rules.public_names_are_explained: ("a.py", "class A:\n    x = 1\n"),
    rules.tests_say_what_they_prove: ("tests/test_a.py", "def test_a() -> None: ...\n"),
    rules.nothing_sleeps: ("a.py", "import time\ntime.sleep(1)\n"),
    rules.names_say_something: ("a/utils.py", ""),
    rules.source_roots_are_no_packages: ("daemon/__init__.py", ""),
}
TEXT_RULES: dict[Rule, tuple[str, str]] = {
    rules.nothing_is_unfinished: ("a.md", "to be done: TO" + "DO\n"),
    rules.no_machine_is_named: ("a.md", "see /" + "home/me\n"),
    rules.no_registry_is_named: ("a.md", "from https://pypi" + ".org\n"),
}


@cache
def texts() -> dict[str, str]:
    """Path and text of every file that is, or with the next commit could be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split("\0")
    found = {}
    for name in listed:
        path = ROOT / name
        if not name or name.startswith(FOREIGN) or not path.is_file():
            continue
        content = path.read_bytes()
        if b"\0" not in content:  # a checked-in store is no text
            found[name] = content.decode("utf-8")
    return found


def test_the_repository_is_seen() -> None:
    """The rules below look at the files that are there."""
    assert {"pyproject.toml", "daemon/satchel/__init__.py", "tests/check.py"} <= texts().keys()


@pytest.mark.parametrize("rule", PYTHON_RULES, ids=lambda rule: rule.__name__)
def test_python_files(rule: Rule) -> None:
    """Every Python file keeps the habit."""
    python = {path: text for path, text in texts().items() if path.endswith(".py")}
    offences = [one for path, text in python.items() for one in rule(path, text)]
    assert not offences, "\n" + "\n".join(offences)


@pytest.mark.parametrize("rule", TEXT_RULES, ids=lambda rule: rule.__name__)
def test_text_files(rule: Rule) -> None:
    """Every text file keeps the habit."""
    offences = [one for path, text in texts().items() for one in rule(path, text)]
    assert not offences, "\n" + "\n".join(offences)


@pytest.mark.parametrize("rule", [*PYTHON_RULES, *TEXT_RULES], ids=lambda rule: rule.__name__)
def test_a_planted_offence_is_found(rule: Rule) -> None:
    """Each rule finds the one offence planted for it."""
    path, text = (PYTHON_RULES | TEXT_RULES)[rule]
    assert len(list(rule(path, text))) == 1


def test_what_is_allowed_is_not_an_offence() -> None:
    """Docstrings and signatures do not count as length, nor relative places as machine paths."""
    long_words = 'def f(\n    a,\n):\n    """' + "words\n" * 60 + '"""\n    return a\n'
    assert not list(rules.functions_are_short("a.py", long_words))
    assert not list(rules.no_machine_is_named("a.md", "daemon/work/home and ~/work/x\n"))
    assert not list(rules.public_names_are_explained("a.py", "def _f(): ...\n"))

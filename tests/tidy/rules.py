"""The habits of the code as functions from one file to its offences.

Each rule takes a file's path (relative to the repository's root) and its text and yields
one sentence per offence.  Which files a rule looks at is decided in ``test_habits``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

FILE_LINES_MAX = 400
BODY_LINES_MAX = 50

# The character classes keep these patterns from matching themselves.
UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X])\b")
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(work|home|root)\b")
REGISTRY = re.compile(
    r"\b(pypi\.org|pythonhosted\.org|npmjs\.org|crates\.io|proxy\.golang\.org|deb\.debian\.org)\b"
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def file_is_short(path: str, text: str) -> Iterator[str]:
    """A file past the bound is usually two ideas."""
    lines = len(text.splitlines())
    if lines > FILE_LINES_MAX:
        yield f"{path}: {lines} lines, at most {FILE_LINES_MAX}"


def functions_are_short(path: str, text: str) -> Iterator[str]:
    """A function's statements, docstring and signature not counted, fit on one screen."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, Function):
            continue
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        if not body:
            continue
        lines = (body[-1].end_lineno or 0) - body[0].lineno + 1
        if lines > BODY_LINES_MAX:
            yield f"{path}:{node.lineno}: {node.name} has {lines} lines, at most {BODY_LINES_MAX}"


def module_says_what_it_owns(path: str, text: str) -> Iterator[str]:
    """Every module opens with a docstring."""
    if not ast.get_docstring(ast.parse(text)):
        yield f"{path}: no module docstring"


def module_is_not_empty(path: str, text: str) -> Iterator[str]:
    """A module that holds nothing is not committed (a package's ``__init__`` may)."""
    body = ast.parse(text).body
    code = [node for node in body if not _is_docstring(node) and not _is_future(node)]
    if not code and not path.endswith("__init__.py"):
        yield f"{path}: an empty module"


def public_names_are_explained(path: str, text: str) -> Iterator[str]:
    """Every public class and function says what it is for.

    Methods are not counted: what a class does for a protocol is explained at the protocol.
    Nor are the tools of a test, which nobody else calls.
    """
    if path.startswith("tests/") and "/test_" in path:
        return
    for node in ast.parse(text).body:
        if not isinstance(node, ast.ClassDef | Function) or node.name.startswith("_"):
            continue
        if isinstance(node, Function) and _is_overload(node):
            continue
        if not ast.get_docstring(node):
            yield f"{path}:{node.lineno}: {node.name} has no docstring"


def tests_say_what_they_prove(path: str, text: str) -> Iterator[str]:
    """A test's docstring is the sentence it proves."""
    if "/test_" not in path:
        return
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, Function) or not node.name.startswith("test_"):
            continue
        if not ast.get_docstring(node):
            yield f"{path}:{node.lineno}: {node.name} does not say what it proves"


def nothing_is_unfinished(path: str, text: str) -> Iterator[str]:
    """What is unfinished is an issue, not a word in a file."""
    yield from _matches(path, text, UNFINISHED)


def no_machine_is_named(path: str, text: str) -> Iterator[str]:
    """No file knows the machine it was written on."""
    yield from _matches(path, text, MACHINE_PATH)


def no_registry_is_named(path: str, text: str) -> Iterator[str]:
    """Packages come by name; where from is the reader's setting."""
    yield from _matches(path, text, REGISTRY)


def nothing_sleeps(path: str, text: str) -> Iterator[str]:
    """A wait is for an event, with a timeout; blind sleeping is slow and still races."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Attribute(value=ast.Name(id="time"), attr="sleep"):
                yield f"{path}:{node.lineno}: time.sleep"
            case ast.ImportFrom(module="time", names=names) if any(
                n.name == "sleep" for n in names
            ):
                yield f"{path}:{node.lineno}: time.sleep"


def names_say_something(path: str, text: str) -> Iterator[str]:
    """No drawer for odds and ends, no class that manages."""
    if re.search(r"(^|/)(utils?|helpers?|misc|common)\.py$", path):
        yield f"{path}: a module is named for what it owns"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef) and node.name.endswith(("Manager", "Helper")):
            yield f"{path}:{node.lineno}: {node.name}: a class is named for what it is"


def source_roots_are_no_packages(path: str, text: str) -> Iterator[str]:
    """``daemon/`` and ``cli/`` are source roots: importing ``daemon`` would meet a stranger's."""
    if path in {"daemon/__init__.py", "cli/__init__.py"}:
        yield f"{path}: a source root is not a package"


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _matches(path: str, text: str, pattern: re.Pattern[str]) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        for found in pattern.finditer(line):
            yield f"{path}:{number}: {found.group()}"


def _is_overload(node: Function) -> bool:
    decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
    return bool(decorators & {"overload", "typing.overload"})

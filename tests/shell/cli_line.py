"""The command line run inside the test: what it prints and how it ends."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from satchel_cli.app import main


class Ran(NamedTuple):
    """What came of one command line."""

    code: int
    out: str
    err: str


def run_line(home: Path, *words: str, stdin: str = "") -> Ran:
    """Run ``satchel WORDS`` with this home."""
    out, err = io.StringIO(), io.StringIO()
    environ = {"SATCHEL_HOME": str(home), "COLUMNS": "100", "TERM": "dumb"}
    with (
        mock.patch.object(sys, "argv", ["satchel", *words]),
        mock.patch.object(sys, "stdin", io.StringIO(stdin)),
        mock.patch.dict(os.environ, environ),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            code = main()
        except SystemExit as done:
            code = done.code if isinstance(done.code, int) else int(done.code is not None)
    return Ran(code, out.getvalue(), err.getvalue())


@contextmanager
def short_home() -> Iterator[Path]:
    """A home whose sockets have short paths, gone after the block."""
    with tempfile.TemporaryDirectory(prefix="s", dir="/tmp") as path:
        yield Path(path)

"""What the device's way to its hub loads, and what it leaves out."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

PROGRAM = """
    import sys, trio
    from satchel.model.errors import Unavailable
    from satchel.shell.hub_link import HubLink

    async def call():
        link = HubLink("http://127.0.0.1:9")
        try:
            await link.health(5)
        except Unavailable as refused:
            print(refused.code)
        finally:
            await link.aclose()

    trio.run(call)
    print(*(name in sys.modules for name in ("httpx", "rich", "click", "httpx._main")))
    import httpx
    print(callable(httpx.main))
"""


def test_a_call_loads_the_http_library_without_its_command_line() -> None:
    """httpx brings rich and click only for that, at twice its own memory; it works without."""
    done = subprocess.run(
        [sys.executable, "-c", dedent(PROGRAM)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split("\n") == ["HUB_UNREACHABLE", "True False False False", "True", ""]

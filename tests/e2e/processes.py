"""Real ``satcheld`` processes for tests: started, waited for, asked, ended by their own ids.

Every process has a home of its own with a short path (a Unix socket's must fit 107 bytes).
What is waited for is a line on stdout or a socket that answers, with a deadline; nothing
sleeps for a fixed time.
"""

from __future__ import annotations

import http.client
import json
import os
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, Self
from urllib.parse import urlsplit

from satchel.api.caller import Caller
from satchel.config import Layout, locate
from satchel.wire.envelope import AUTH_HEADER, CONTENT_TYPE, SYNC_PATH

PATIENCE_S = 30.0
"""After this a process that does not come, or does not go, is a failure."""

READY = "satchel hub ready on "


@contextmanager
def temporary_home() -> Iterator[Path]:
    """A folder with a short path, gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def layout_of(home: Path) -> Layout:
    """Where a process with that home keeps everything."""
    return locate({}, str(home), str(home))


def run_satcheld(home: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run one short ``satcheld`` command to its end."""
    return subprocess.run(
        [*_PROGRAM, *arguments, "--home", str(home)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=_environment(),
    )


class Process:
    """One running ``satcheld``.  Ends with its ``with`` block, whatever happens in it."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.home = home
        self.layout = layout_of(home)
        self._popen = subprocess.Popen(
            [*_PROGRAM, *arguments, "--home", str(home)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._popen.poll() is None:
            self._popen.kill()
        self._popen.communicate()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._popen.poll() is None

    def kill(self) -> None:
        """``kill -9``, and wait until it is gone."""
        self._popen.send_signal(signal.SIGKILL)
        self._popen.wait(PATIENCE_S)

    def terminate(self) -> int:
        """SIGTERM; returns the exit code."""
        self._popen.send_signal(signal.SIGTERM)
        return self._popen.wait(PATIENCE_S)

    def wait(self) -> int:
        """Wait until it ends by itself; returns the exit code."""
        return self._popen.wait(PATIENCE_S)

    def errors(self) -> str:
        """What it said on stderr, once it has ended."""
        _, errors = self._popen.communicate(timeout=PATIENCE_S)
        return errors.decode(errors="replace")

    def read_line(self) -> str:
        """The next line of its stdout.  Raises AssertionError if it ends, or says nothing."""
        assert self._popen.stdout is not None
        deadline = monotonic() + PATIENCE_S
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self._popen.stdout], [], [], deadline - monotonic())
            assert ready, "it says nothing"
            byte = os.read(self._popen.stdout.fileno(), 1)
            assert byte, f"it has ended: {self.errors()}"
            line += byte
        return line.decode().rstrip("\n")

    def wait_for_socket(self, path: str) -> None:
        """Wait until something answers at a Unix socket."""
        deadline = monotonic() + PATIENCE_S
        while monotonic() < deadline:
            assert self.running, f"it has ended: {self.errors()}"
            with socket.socket(socket.AF_UNIX) as probe:
                try:
                    probe.connect(path)
                except OSError:
                    select.select([], [], [], 0.02)
                else:
                    return
        raise AssertionError(f"nothing answers at {path}")

    def private_bytes(self) -> int:
        """The memory that is its alone and no file's (RssAnon)."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) << 10
        raise AssertionError("this system does not tell")


class HubProcess(Process):
    """A running hub, its port and its administrator's socket."""

    def __init__(self, home: Path, *arguments: str, listen: str = "127.0.0.1:0") -> None:
        super().__init__(home, "hub", "run", "--listen", listen, *arguments)
        line = self.read_line()
        assert line.startswith(READY), line
        self.url = line.removeprefix(READY).split(" ")[0]

    def post(self, auth: str, body: bytes, tls: ssl.SSLContext | None = None) -> bytes:
        """The body of the answer to one request, on a connection of its own."""
        with closing(self.connect(tls)) as connection:
            send(connection, auth, body)
            return receive(connection)

    def connect(self, tls: ssl.SSLContext | None = None) -> http.client.HTTPConnection:
        """A connection to its port."""
        host = urlsplit(self.url).netloc
        if tls is not None:
            return http.client.HTTPSConnection(host, timeout=PATIENCE_S * 2, context=tls)
        return http.client.HTTPConnection(host, timeout=PATIENCE_S * 2)

    def order(self, name: str, /, **arguments: Any) -> Any:
        """Give an order on its own socket.  Raises the hub's error."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(PATIENCE_S * 2)
            line.connect(self.layout.hub_socket)
            caller = Caller("tests/1")
            line.sendall(caller.begin())
            pending, _ = caller.ask(name, arguments)
            while not pending.done:
                received = line.recv(1 << 16)
                reply = caller.receive(received)[1]
                if reply:  # sending nothing to one who has left is an error too
                    line.sendall(reply)
                assert received or pending.done, "the hub went away"
        if pending.error is not None:
            raise pending.error
        return pending.result

    def invite(self, user: str = "Fay Field", **org: str) -> str:
        """A fresh invite for a user, who is added where there is none of that name."""
        if all(known["name"] != user for known in self.order("hub.user.list", **org)["users"]):
            self.order("hub.user.add", name=user, **org)
        code: str = self.order("hub.invite", user=user, **org)["invite"]
        return code

    def log(self) -> list[list[Any]]:
        """Everything it has decided: [seq, replica, ctr, code, detail]."""
        lines: list[list[Any]] = []
        while True:
            after = lines[-1][0] if lines else 0
            page = self.order("hub.log", after=after, limit=5_000)["log"]
            if not page:
                return lines
            lines += page


def send(connection: http.client.HTTPConnection, auth: str, body: bytes) -> None:
    """Send one request."""
    headers = {"content-type": CONTENT_TYPE, AUTH_HEADER: auth}
    connection.request("POST", SYNC_PATH, body, headers)


def receive(connection: http.client.HTTPConnection) -> bytes:
    """Read one whole answer."""
    with connection.getresponse() as response:
        answer = response.read()
    assert response.status == 200, (response.status, answer)
    return answer


def init_hub(home: Path, *orgs: str) -> None:
    """Found organisations in a home."""
    for org in orgs:
        done = run_satcheld(home, "hub", "init", "--org", org)
        assert done.returncode == 0, done.stderr


def call_hub(home: Path, order: str, **arguments: Any) -> Any:
    """Give an order to a hub that does not run."""
    done = run_satcheld(home, "hub", "call", order, stdin=json.dumps(arguments))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


_PROGRAM = (sys.executable, "-m", "satchel")


def _environment() -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    ours.pop("SATCHEL_HOME", None)
    return ours

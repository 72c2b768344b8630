"""``satchel doctor``: what is wrong with this installation, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

from satchel.model.errors import SatchelError, Trouble
from satchel_cli import __version__
from satchel_cli.checks import Check, local_checks
from satchel_cli.context import daemon, home_arguments
from satchel_cli.options import Json
from satchel_cli.output import GREEN, RED, counted, paint, plain_text, print_json

EXAMPLE = "satchel doctor"


def doctor(as_json: Json = False) -> None:
    """Check folders, permissions, socket, clock and hub; works without the daemon too."""
    checks = []
    for check in _all_checks():
        checks.append(check)
        if not as_json:
            _print(check)
    if as_json:
        print_json({"checks": [check._asdict() for check in checks]})
    failed = sum(not check.ok for check in checks)
    if failed:
        raise Trouble(
            "CHECK_FAILED",
            f"{counted(failed, 'check')} of {len(checks)} found something.",
            details={"failed": [check.name for check in checks if not check.ok]},
        )


def _all_checks() -> Iterator[Check]:
    """Ours first; of the daemon's, those that are not the same again."""
    looked_at = set()
    for check in local_checks():
        looked_at.add(check.name)
        yield check
    try:
        with daemon() as client:
            running = client.daemon_version
            home = "".join(f" {word}" for word in home_arguments())
            yield Check(
                "daemon",
                running == __version__,
                f"version {running}"
                if running == __version__
                else f"version {running}, and this command {__version__}.",
                "" if running == __version__ else f"Run: satchel stop{home} && satchel start{home}",
            )
            for found in client.doctor()["checks"]:
                if found["name"] not in looked_at:
                    yield Check(found["name"], found["ok"], found["message"], found["remedy"])
    except SatchelError as error:
        yield Check("daemon", False, error.message, error.remedy)


def _print(check: Check) -> None:
    mark = paint(GREEN, "ok") if check.ok else paint(RED, "!!")
    print(f"{mark}  {plain_text(check.name):<14}  {plain_text(check.message)}")
    if not check.ok and check.remedy:
        print(f"{'':20}{plain_text(check.remedy)}")

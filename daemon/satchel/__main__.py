"""``satcheld``: the daemon, and the hub.  Reads the command line and hands over.

Whatever is heavy is loaded by the command that needs it.  An error is one sentence and
the way out on stderr, with the exit code of its class; never a traceback.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import satchel
from satchel.model.errors import SatchelError

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return options.deed(options) or 0
    except KeyboardInterrupt:
        return _INTERRUPTED
    except SatchelError as error:
        return _report(error, options)
    except BaseExceptionGroup as group:
        if group.subgroup(KeyboardInterrupt) is not None:
            return _INTERRUPTED  # whatever else broke then, broke by it
        only = _only_error(group)
        if only is None:
            raise
        return _report(only, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="satcheld", description="The process behind `satchel`, which is made for people."
    )
    parser.add_argument("--version", action="version", version=f"satcheld {satchel.__version__}")
    parser.set_defaults(plain=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = _command(commands, "run", "run the daemon in the foreground", _run)
    run.add_argument("--tcp", action="store_true", help="serve apps on loopback TCP with a token")
    demo = commands.add_parser("demo", help="play the field day", description="Play the field day.")
    demo.add_argument("--seed", type=int, default=1, metavar="N", help="which day to play")
    demo.add_argument("--json", action="store_true", help="print only the verdict, as JSON")
    demo.add_argument("--keep", action="store_true", help="leave its stores where they are")
    demo.set_defaults(deed=_demo)
    hub = commands.add_parser("hub", help="the hub of one or more organisations")
    orders = hub.add_subparsers(required=True, metavar="COMMAND")
    init = _command(orders, "init", "found an organisation", _hub_init)
    init.add_argument("--org", required=True, metavar="NAME")
    init.add_argument("--listen", metavar="HOST:PORT", help="where the hub will serve devices")
    serve = _command(orders, "run", "run the hub in the foreground", _hub_run)
    serve.add_argument("--listen", metavar="HOST:PORT", help="port 0: any free one")
    serve.add_argument("--cert", metavar="FILE", help="PEM file: TLS certificate and chain")
    serve.add_argument("--key", metavar="FILE", help="PEM file: its private key")
    serve.add_argument(
        "--insecure", action="store_true", help="allow plain HTTP beyond this machine"
    )
    call = _command(orders, "call", "carry out one order while no hub runs", _hub_call)
    call.add_argument("order", metavar="ORDER", help="as hub.user.list; arguments: JSON on stdin")
    call.set_defaults(plain=True)
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    help_line: str,
    deed: object,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=help_line, description=help_line.capitalize() + ".")
    parser.add_argument("--home", metavar="DIR", help="keep everything under this folder")
    parser.set_defaults(deed=deed)
    return parser


def _run(options: argparse.Namespace) -> None:
    from satchel.shell import run

    run.main(options.home, options.tcp)


def _demo(options: argparse.Namespace) -> int:
    from satchel.shell.field_day import day

    return day.main(options.seed, options.json, options.keep)


def _hub_init(options: argparse.Namespace) -> None:
    from satchel.shell import hub_run

    hub_run.init(options.org, options.listen, options.home)


def _hub_run(options: argparse.Namespace) -> None:
    from satchel.shell import hub_run

    hub_run.run(options.home, options.listen, options.cert, options.key, options.insecure)


def _hub_call(options: argparse.Namespace) -> None:
    from satchel.shell import hub_run

    hub_run.call(options.order, options.home)


def _report(error: SatchelError, options: argparse.Namespace) -> int:
    """Say what went wrong: to a person, or (``hub call``) to the program that asked."""
    if options.plain:
        import json

        text = json.dumps({"schema": 1, "error": error.to_wire()}, ensure_ascii=False)
    else:
        text = f"satcheld: {error.message}" + (f"\n  {error.remedy}" if error.remedy else "")
    sys.stderr.write(f"{text}\n")
    return error.exit


def _only_error(group: BaseExceptionGroup[BaseException]) -> SatchelError | None:
    """The one error in a group that holds nothing else."""
    leaves: list[BaseException] = [group]
    while len(leaves) == 1 and isinstance(leaves[0], BaseExceptionGroup):
        leaves = list(leaves[0].exceptions)
    only = leaves[0] if len(leaves) == 1 else None
    return only if isinstance(only, SatchelError) else None


if __name__ == "__main__":
    sys.exit(main())

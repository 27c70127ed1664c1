"""Replies of language models on the command line. Text goes to stdout, everything else to stderr.

Exit codes: 0 the reply is complete; 1 it failed or was cut (what had come was printed); 2 the command makes no sense;
3 the server ended it early (length, filter, refusal); 130 Ctrl-C; 141 the reader of stdout went away.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import streamkit as sk

from . import ask, follow, play, serve
from .commands import Command, Program
from .show import UsageError, say

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command: its exit code. Expected errors are a sentence on stderr, never a traceback."""
    parser = make_parser()
    args = parser.parse_args(argv)
    if args.command is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        code: int = args.command(args)
        return code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _forget_stdout()
        return 141
    except UsageError as exc:
        say(f"streamkit: {exc}")
        return 2
    except sk.StreamkitError as exc:
        say(f"streamkit: {exc}")
    except OSError as exc:
        say(f"streamkit: {exc.filename}: {exc.strerror}" if exc.strerror and exc.filename else f"streamkit: {exc}")
    return 1


def make_parser() -> Program:
    description, epilog = (__doc__ or "").split("\n\n", 1)
    parser = Program("streamkit", description=description, epilog=epilog)
    parser.add_argument("--version", action="version", version=f"streamkit {sk.__version__}")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Command)
    for room in (play, ask, follow, serve):
        room.add_to(commands)
    parser.commands = commands.choices
    return parser


def _forget_stdout() -> None:
    """The interpreter flushes stdout once more when it exits, and would complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)

"""``demo`` and ``replay``: recorded replies, with their timing."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import streamkit as sk
from streamkit import operators as ops, sinks
from streamkit.sources import Recording, shipped_names
from streamkit.tokens import TokenCounter
from streamkit.wording import one_line

from .show import say, show

if TYPE_CHECKING:
    from .show import Commands

__all__ = ["add_to", "speed"]


def add_to(commands: Commands) -> None:
    about = "Stream a recorded reply through a small pipeline; needs no key and no network."
    demo = commands.add_parser("demo", help="stream a recorded reply: no key, no network", description=about)
    demo.add_argument("name", nargs="?", default="demo", metavar="NAME", help="a shipped recording (default: demo)")
    demo.add_argument("--list", action="store_true", help="list the shipped recordings and where they come from")
    demo.set_defaults(command=_demo)
    about = "Play a recording of `streamkit record` or ops.record, or a shipped one, and end as it did."
    replay = commands.add_parser("replay", help="play a recording", description=about)
    replay.add_argument("name", metavar="FILE|NAME")
    replay.add_argument("--json", action="store_true", help="print events, one a line")
    replay.add_argument("-v", "--verbose", action="store_true", help="figures on stderr, terminal or not")
    replay.set_defaults(command=_replay)
    for parser in (demo, replay):
        parser.add_argument("--speed", type=speed, default=1.0, help="times as fast; 0: without waiting (default: 1)")


def speed(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("a factor, 0 or more")
    return value


def _demo(args: argparse.Namespace) -> int:
    if args.list:
        for name in shipped_names():
            recording = Recording.open(name)
            sys.stdout.write(f"{name:15} {recording.api:12} {recording.seconds:5.1f} s  {one_line(recording.note)}\n")
        return 0
    recording, sentences, tokens = Recording.open(args.name), sinks.memory(), sinks.memory()
    say(f"No model is asked: this is a recording ({recording.note or args.name}).", end="\n\n")
    branches = [sk.branch(ops.sentences(), into=sentences)]
    with suppress(RuntimeError):  # without the extra `offline` there may be no vocabulary
        TokenCounter("gpt-4o")
        branches.append(sk.branch(ops.count_tokens("gpt-4o"), into=tokens))
    code = show(sk.replay(recording, args.speed).pipe(ops.attach(*branches)), verbose=True)
    say(f"Sentences that a second branch of the same reply found: {len(sentences.items)}.")
    for total in tokens.items[-1:]:
        say(f"Tokens that a third one counted, after every piece: {total}.")
    return code


def _replay(args: argparse.Namespace) -> int:
    return show(sk.replay(args.name, args.speed), lines=args.json, verbose=args.verbose)

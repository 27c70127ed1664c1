"""``follow``: a reply on a bus."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING

import streamkit as sk
from streamkit.bus import Bus, redis

from .show import UsageError, show

if TYPE_CHECKING:
    from .show import Commands

__all__ = ["add_to"]

VARIABLE = "STREAMKIT_BUS"


def add_to(commands: Commands) -> None:
    about = "Print a reply that another program writes to a bus, from its beginning, while it comes or afterwards."
    follow = commands.add_parser("follow", help="print a reply that is on a bus", description=about)
    add = follow.add_argument
    add("reply", metavar="ID", help="the id of the reply: that of its run, unless the writer chose another")
    add("--bus", metavar="URL", help=f"a server of Redis or Valkey, redis://HOST:PORT (default: {VARIABLE})")
    add("--prefix", default="streamkit", help="what the keys of the bus begin with (default: streamkit)")
    add("--cluster", action="store_true", help="the server is a part of a cluster")
    add("--after", metavar="POSITION", help="begin after this event, as --positions names it")
    add("--wait", type=float, default=0.0, metavar="SECONDS", help="for a reply that has not begun (default: 0)")
    add("--json", action="store_true", help="print events, one a line")
    add("--positions", action="store_true", help="print events with their positions, one a line")
    add("-v", "--verbose", action="store_true", help="figures on stderr, terminal or not")
    follow.set_defaults(command=_follow)


def _follow(args: argparse.Namespace) -> int:
    with _bus(args) as bus:
        try:
            stream = bus.follow(args.reply, args.after, wait=args.wait)
            placed = bus.positions(args.reply, args.after, wait=args.wait)
        except (ValueError, sk.BusError) as exc:  # an id, a time or a position that cannot be one
            raise UsageError(str(exc)) from exc
        if not args.positions:
            return show(stream, lines=args.json, verbose=args.verbose)
        for position, event in placed:
            line = {"position": position, "event": json.loads(sk.to_json(event))}
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
        return 0


def _bus(args: argparse.Namespace) -> Bus:
    url = args.bus or os.environ.get(VARIABLE)
    if not url:
        raise UsageError(f"name the server of the bus with --bus URL, or in {VARIABLE}")
    try:
        return redis(url, prefix=args.prefix, cluster=args.cluster)
    except (ImportError, ValueError) as exc:
        raise UsageError(str(exc)) from exc

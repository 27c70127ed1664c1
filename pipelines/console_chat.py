"""A conversation in the terminal: answers stream, the history grows, Ctrl-C keeps what was said so far::

    python -m pipelines.console_chat --model NAME --system "Answer in one sentence."

With OPENAI_API_KEY or OPENAI_BASE_URL it asks a real API, without them a script. Ctrl-D or Ctrl-C at the prompt ends.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

import streamkit as sk
from streamkit import sinks, testing

__all__ = ["Conversation", "build", "main"]

SCRIPT = (
    "Hello! I am a script, so I say the same things to everybody. Try Ctrl-C while I am talking.",
    "I keep the conversation as a list of messages. What you interrupt stays in it, as far as I got.",
    "With OPENAI_API_KEY or OPENAI_BASE_URL set, a real model would answer here, through the same pipeline.",
)


class Conversation:
    """Turns with one model; ``history`` is what is sent with the next question."""

    def __init__(self, client: sk.Client, system: str | None, into: Sequence[Any]) -> None:
        self.history = [sk.system(system)] if system else []
        self._client, self._into = client, into

    def ask(self, question: str) -> sk.Reply:
        """The answer, streamed into the sinks meanwhile. Ctrl-C ends it early, with outcome ``cancelled``.

        Raises `StreamkitError`; the history is then as it was before, and the question can be asked again.
        """
        asked = [*self.history, sk.user(question)]
        run = sk.start(self._client.chat(asked), *self._into)
        try:
            reply = run.result()
        except KeyboardInterrupt:
            reply = run.reply
        if reply.messages:  # nothing at all was said: servers reject two questions in a row
            self.history = [*asked, *reply.messages]
        return reply


def build(client: sk.Client, *, system: str | None = None, into: Sequence[Any] = ()) -> Conversation:
    """A conversation whose answers go ``into`` any sinks, listeners or branches."""
    return Conversation(client, system, into)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("--model", default=os.environ.get("OPENAI_MODEL"))
    parser.add_argument("--system")
    args = parser.parse_args(argv)
    with _client(args.model) as client:
        conversation = build(client, system=args.system, into=[sinks.console()])
        try:
            while True:
                _turn(conversation, input("> " if sys.stdin.isatty() else ""))
        except (EOFError, KeyboardInterrupt):
            return 0


def _turn(conversation: Conversation, question: str) -> None:
    if not question.strip():
        return
    try:
        conversation.ask(question)
    except sk.StreamkitError as exc:
        print(f"[{exc}]", file=sys.stderr)


def _client(model: str | None) -> sk.Client:
    if os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL"):
        return sk.Client(model=model)
    print("There is no OPENAI_API_KEY: the answers come from a script, whatever you ask.", file=sys.stderr)
    return testing.client(*(testing.Script(text, first=0.3, every=0.05) for text in SCRIPT))


if __name__ == "__main__":
    sys.exit(main())

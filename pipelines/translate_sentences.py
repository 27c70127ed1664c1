"""An answer in two languages: each sentence goes to a second model as soon as it is whole, while the first writes on::

    python -m pipelines.translate_sentences "Why is the sky blue?" --into German --model NAME --translator NAME

With OPENAI_API_KEY or OPENAI_BASE_URL it asks a real API, without them a script.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import streamkit as sk
from streamkit import operators as ops, sinks, testing
from streamkit.stages import Segment

__all__ = ["Translated", "build", "main", "translator"]

SCRIPT = "The air scatters blue light most. So the sky is blue! Any questions?"
TRANSLATED = ("Die Luft streut blaues Licht am stärksten.", "Darum ist der Himmel blau!", "Noch Fragen?")
WORDLESS = frozenset({"code", "rule"})


@dataclass(frozen=True)
class Translated:
    """A segment of the answer and what became of it; code stays as it is."""

    segment: Segment
    text: str


def build(
    answer: sk.Stream[sk.Event], translate: Callable[[str], Awaitable[str]], *, concurrency: int = 4, lang: str = "auto"
) -> sk.Stream[Translated]:
    """The sentences of ``answer`` with their translations, in order, each as soon as it and those before it are there.

    At most ``concurrency`` translations are under way; meanwhile the answer is held back. One that fails ends the
    stream when its turn comes.
    """

    async def pair(segment: Segment) -> Translated:
        wordless = segment.kind in WORDLESS
        return Translated(segment, segment.text if wordless else await translate(segment.text))

    return answer.pipe(ops.segments(lang=lang), ops.map_async(pair, concurrency=concurrency))


def translator(client: sk.Client, into: str, *, model: str | None = None) -> Callable[[str], Awaitable[str]]:
    """Asks ``model`` for the translation of one sentence."""
    task = sk.system(f"Translate what the user says into {into}. Keep the Markdown. Say nothing else.")

    async def translate(sentence: str) -> str:
        reply = await client.chat([task, sk.user(sentence)], model=model)
        return str(reply)

    return translate


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("question", nargs="?", default="Why is the sky blue?")
    parser.add_argument("--into", default="German")
    parser.add_argument("--model", default=os.environ.get("OPENAI_MODEL"))
    parser.add_argument("--translator", help="the model that translates (default: the same)")
    args = parser.parse_args(argv)
    with _client(args.model) as client:
        screen = sinks.console()  # what a model says is shown, and never obeyed
        translate = translator(client, args.into, model=args.translator)
        try:
            for pair in build(client.chat(args.question), translate):
                screen.write(f"{pair.segment.text}\n  {pair.text}\n")
        except sk.StreamkitError as exc:
            print(f"[{exc}]", file=sys.stderr)
            return 1
        except KeyboardInterrupt:  # leaving the loop cancelled all requests
            return 130
    return 0


def _client(model: str | None) -> sk.Client:
    if os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL"):
        return sk.Client(model=model)
    print("There is no OPENAI_API_KEY: question and answers come from a script.", file=sys.stderr)
    return testing.client(testing.Script(SCRIPT, first=0.3, every=0.1), *TRANSLATED)


if __name__ == "__main__":
    sys.exit(main())

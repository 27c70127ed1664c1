"""The quickest of several models answers; if none does in time, another one steps in::

    python -m pipelines.race_with_fallback --model NEAR --model FAR --spare SAFE "Why is the sky blue?"

The answer goes to stdout, what became of each request to stderr. With OPENAI_API_KEY or OPENAI_BASE_URL it asks a real
API, without them a script. Ctrl-C keeps what was said so far.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import streamkit as sk
from streamkit import operators as ops, sinks, testing
from streamkit.errors import excerpt

__all__ = ["Ask", "build", "main"]

Ask: TypeAlias = Callable[[Any], sk.Stream[sk.Event]]
"""From messages to the stream of one request, like ``client.chat``."""

SCRIPTS = {
    "near": testing.Script("The near model is too late today.", first=5.0),
    "far": testing.Script(status=503),
    "spare": testing.Script("The others were slow or busy, so the spare model answers.", every=0.03),
}


def build(
    racers: Sequence[Ask], spare: Ask, *, after: float | None = 0.5, first: float = 10.0, between: float = 20.0
) -> Ask:
    """Asks the ``racers`` one by one, ``after`` seconds apart, until one says something; the others are cancelled then.

    If nothing has come after ``first`` seconds, or all have failed, ``spare`` is asked. A reply that stands still for
    ``between`` seconds is given up (`StalledError`): it was shown, so nothing may take its place unseen.
    """

    def answer(messages: Any) -> sk.Stream[sk.Event]:
        race = sk.race(*(ask(messages) for ask in racers), after=after)
        other = spare(messages).pipe(ops.time_limits(between=between))
        return race.pipe(ops.time_limits(first=first, between=between), ops.fallback(other))

    return answer


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("--model", action="append", help="one that takes part in the race; may be repeated")
    parser.add_argument("--spare", default="spare")
    parser.add_argument("--after", type=float, default=0.5, metavar="SECONDS")
    parser.add_argument("--first", type=float, default=2.0, metavar="SECONDS")
    parser.add_argument("question")
    args = parser.parse_args(argv)
    with _client() as client:
        racers = [partial(client.chat, model=model) for model in args.model or ("near", "far")]
        answer = build(racers, partial(client.chat, model=args.spare), after=args.after, first=args.first)
        run = sk.start(answer(args.question), sinks.console())
        try:
            run.result()
        except KeyboardInterrupt:
            pass
        except sk.StreamkitError as exc:
            print(f"[{exc}]", file=sys.stderr)
            return 1
        finally:
            _account(run)
    return 0


def _account(run: sk.Run) -> None:
    for reply in run.replies:
        model = excerpt(reply.model) or "no answer"
        print(f"[{model}: {reply.outcome}, {len(reply.text)} characters]", file=sys.stderr)


def _client() -> sk.Client:
    if os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL"):
        return sk.Client()
    print("There is no OPENAI_API_KEY: the answers come from scripts.", file=sys.stderr)
    return testing.ScriptedClient(testing.Server(models=SCRIPTS), retry=sk.Retry(attempts=0))


if __name__ == "__main__":
    sys.exit(main())

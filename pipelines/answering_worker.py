"""A worker that answers questions onto a bus, where other processes follow each reply while it is written::

    python -m pipelines.answering_worker prompts.jsonl

Each line is an object with a ``prompt`` and an ``id``, under which others follow the reply (``streamkit follow ID --bus
URL --wait 10``); or a question alone, a JSON string, whose id is made of its text. The bus is the server that --bus or
STREAMKIT_BUS names (needs the extra redis), or one in memory, to try. With OPENAI_API_KEY or OPENAI_BASE_URL it asks a
real API, without them a script.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import streamkit as sk
from streamkit import bus, operators as ops, sinks, testing

__all__ = ["build", "main"]


def build(client: sk.Client, replies: bus.Bus, questions: Any, **options: Any) -> sk.Stream[sk.BatchItem]:
    """An item for each of ``questions`` (a path or any iterable) that has been answered onto the bus; ``options`` are
    those of `sk.batch`.

    Whoever stops a reply with ``replies.cancel(id)`` ends its request, too; the item then has an error, with what there
    is of the reply.
    """

    def ask(question: Any) -> sk.Stream[sk.Event]:
        return client.chat(_text(question)).pipe(ops.attach(sinks.bus(replies, _id(question))))

    return sk.batch(questions, ask, key=_id, **options)


def _prompt(question: Any) -> Any:
    return question.get("prompt") if isinstance(question, Mapping) else question


def _text(question: Any) -> str:
    text = _prompt(question)
    if not isinstance(text, str):
        raise TypeError("a question is a text, or an object with `prompt` and `id`")
    return text


def _id(question: Any) -> str:
    """Any line has one, so that one that is no question is an error of its own, and the rest is answered."""
    given = question.get("id") if isinstance(question, Mapping) else None
    text = str(_prompt(question)).encode(errors="surrogatepass")
    return hashlib.sha256(text).hexdigest()[:16] if given is None else str(given)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("questions", metavar="QUESTIONS.jsonl")
    parser.add_argument("--bus", metavar="URL", default=os.environ.get("STREAMKIT_BUS"))
    parser.add_argument("--model", default=os.environ.get("OPENAI_MODEL"))
    parser.add_argument("--concurrency", type=int, default=16, metavar="N")
    args = parser.parse_args(argv)
    missing = 0
    try:
        with _bus(args.bus) as replies, _client(args.model) as client:
            for item in build(client, replies, args.questions, concurrency=args.concurrency):
                missing += item.reply is None
                print(f"{item.key}: {item.error or item.outcome}", flush=True)
    except KeyboardInterrupt:
        return 130
    except (sk.StreamkitError, OSError, ValueError) as exc:
        print(f"[{exc}]", file=sys.stderr)
        return 1
    return 1 if missing else 0


def _bus(url: str | None) -> bus.Bus:
    if url:
        return bus.redis(url)
    print("There is no --bus: replies are in the memory of this process, where nobody follows them.", file=sys.stderr)
    return bus.memory()


def _client(model: str | None) -> sk.Client:
    if os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL"):
        return sk.Client(model=model)
    print("There is no OPENAI_API_KEY: the answers come from a script, whatever you ask.", file=sys.stderr)
    return testing.client(testing.Script("This answer comes from a script.", first=0.2, every=0.02))


if __name__ == "__main__":
    sys.exit(main())

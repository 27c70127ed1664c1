"""Many prompts, answered into a file; what a kill or Ctrl-C cut short goes on where it was::

    python -m pipelines.batch prompts.jsonl --out results.jsonl --ledger ledger.jsonl --concurrency 8

Each line of the prompts is a question (a JSON string), or an object with ``prompt`` or ``messages`` and perhaps an
``id``. With OPENAI_API_KEY or OPENAI_BASE_URL it asks a real API, without them a script. Exit code 1: some prompts were
not answered.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import streamkit as sk
from streamkit import testing
from streamkit.batch import progress

__all__ = ["Results", "build", "main"]


def build(
    client: sk.Client, prompts: Any, *, system: str | None = None, ledger: str | None = None, **options: Any
) -> sk.Stream[sk.BatchItem]:
    """An item for each of ``prompts`` (a path or any iterable), in their order; ``options`` are those of `sk.batch`."""
    instruction = [sk.system(system)] if system else []

    def ask(prompt: Any) -> sk.Stream[sk.Event]:
        return client.chat([*instruction, *_messages(prompt)])

    return sk.batch(prompts, ask, key=_id, ledger=ledger, ordered=True, **options)


def _messages(prompt: Any) -> Sequence[Mapping[str, Any]]:
    found = prompt.get("messages", prompt.get("prompt")) if isinstance(prompt, Mapping) else prompt
    if isinstance(found, str):
        return [sk.user(found)]
    if isinstance(found, list):
        return found
    raise ValueError("a prompt is a text, or an object with `prompt` or `messages`")


def _id(prompt: Any) -> str | None:
    found = prompt.get("id", prompt.get("custom_id")) if isinstance(prompt, Mapping) else None
    return None if found is None else str(found)


class Results:
    """A sink that writes one line of JSON for each item, into a file of its owner's."""

    def __init__(self, path: str) -> None:
        self.outcomes: Counter[str] = Counter()
        self.missing = self.from_ledger = 0
        self._file = open(path, "w", encoding="utf-8", opener=_private)  # noqa: SIM115  # closed with the run

    def write(self, item: sk.BatchItem) -> None:
        self.outcomes[item.outcome] += 1
        self.missing += item.reply is None
        self.from_ledger += item.from_ledger
        form = {"key": item.key, "prompt": item.prompt, "outcome": item.outcome, "text": item.text}
        if item.error is not None:
            form["error"] = f"{type(item.error).__name__}: {item.error}"
        if item.usage is not None:
            form["tokens"] = {"prompt": item.usage.prompt_tokens, "completion": item.usage.completion_tokens}
        if item.cost is not None:
            form["cost"] = item.cost
        print(json.dumps(form), file=self._file, flush=True)

    def close(self, reply: sk.Reply) -> None:
        self._file.close()

    def __str__(self) -> str:
        counts = [f"{count} {outcome}" for outcome, count in self.outcomes.items()]
        return ", ".join([*counts, f"{self.from_ledger} of them from the ledger"])


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def main(argv: Sequence[str] | None = None) -> int:
    args = _arguments(argv)
    options = {"concurrency": args.concurrency, "requests_per_minute": args.rpm, "tokens_per_minute": args.tpm}
    if args.prices is not None:
        options |= {"prices": sk.Prices(input=args.prices[0], output=args.prices[1]), "budget": args.budget}
    try:
        with open(args.prompts, "rb") as file, _client(args.model) as client:
            results, bar = Results(args.out), progress(sum(1 for line in file if line.strip()))
            sk.run(build(client, args.prompts, system=args.system, ledger=args.ledger, **options), results, bar)
    except KeyboardInterrupt:
        print("Interrupted. With a ledger the same command goes on from here.", file=sys.stderr)
        return 130
    except (sk.StreamkitError, OSError, ValueError) as exc:  # ValueError: the ledger is another file
        print(f"[{exc}]", file=sys.stderr)
        return 1
    print(f"{results}: {args.out}", file=sys.stderr)
    return 1 if results.missing else 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("prompts", metavar="PROMPTS.jsonl")
    parser.add_argument("--out", required=True, metavar="FILE", help="replaced if there is one")
    parser.add_argument("--ledger", metavar="FILE", help="what is finished: kept from run to run")
    parser.add_argument("--model", default=os.environ.get("OPENAI_MODEL"))
    parser.add_argument("--system", metavar="TEXT")
    parser.add_argument("--concurrency", type=int, default=16, metavar="N")
    parser.add_argument("--rpm", type=float, metavar="N", help="requests a minute at most")
    parser.add_argument("--tpm", type=float, metavar="N", help="tokens a minute at most")
    parser.add_argument("--prices", type=float, nargs=2, metavar=("IN", "OUT"), help="of a million tokens")
    parser.add_argument("--budget", type=float, metavar="MONEY", help="start nothing more once this is spent")
    args = parser.parse_args(argv)
    if args.budget is not None and args.prices is None:
        parser.error("a budget needs --prices")
    return args


def _client(model: str | None) -> sk.Client:
    if os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL"):
        return sk.Client(model=model)
    print("There is no OPENAI_API_KEY: the answers come from a script, whatever you ask.", file=sys.stderr)
    return testing.client(testing.Script("This answer comes from a script.", first=0.2, every=0.02))


if __name__ == "__main__":
    sys.exit(main())

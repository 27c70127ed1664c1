"""Several models answer the same question; a board shows what each has said so far, in tokens and money::

    python -m pipelines.meter_board "Why is the sky blue?" --model gpt-4o-mini --model gpt-4.1

With OPENAI_API_KEY or OPENAI_BASE_URL it asks a real API, without them scripts answer. Prices are per million tokens of
prompt and answer: ``--model gpt-4o-mini=0.15/0.60``; the server's own count replaces ours when it comes.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reactivex import operators as rxo

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.errors import one_line

__all__ = ["Board", "Row", "build", "main", "shown"]

WIDTH = 40
PRICES = {"quick": sk.Prices(input=0.15, output=0.6), "thorough": sk.Prices(input=2.5, output=10)}
SCRIPTS = {
    "quick": testing.Script("Blue light is scattered most.", first=0.2, every=0.05),
    "thorough": testing.Script(
        "Molecules of air scatter short waves far more than long ones, so blue light comes from everywhere.",
        reasoning="Rayleigh, fourth power, violet is absorbed.", first=0.6, every=0.08,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One reply: its ``usage`` so far, the end of its text, and its outcome once it is over."""

    usage: sk.Usage = field(default_factory=sk.Usage)
    text: str = ""
    state: str = "…"


Board = Mapping[str, Row]
"""A row for each name."""


def build(streams: Mapping[str, sk.Stream[sk.Event]], prices: Any = None) -> sk.Stream[Board]:
    """The board after each change. ``prices`` are those of `ops.meter`; a stream that fails leaves the others alone."""
    metered = {name: stream.pipe(ops.meter(prices)) for name, stream in streams.items()}
    empty: Board = {name: Row() for name in streams}
    return sk.side_by_side(metered).pipe(rxo.scan(_updated, empty), rxo.distinct_until_changed())


def _updated(board: Board, labelled: sk.Labelled[sk.Event]) -> Board:
    row = board[labelled.label]
    match labelled.item:
        case sk.UsageUpdate(usage=usage):
            row = replace(row, usage=usage)
        case sk.TextDelta(text=text) | sk.ReasoningDelta(text=text):
            row = replace(row, text=(row.text + text)[-WIDTH:])
        case sk.Reply(usage=final, outcome=outcome):
            row = replace(row, usage=final or row.usage, state=outcome)
        case sk.Failure(error=error):
            partial = error.partial if isinstance(error, sk.StreamkitError) else sk.Reply()
            row = replace(row, usage=partial.usage or row.usage, state=f"failed: {error}")
    return {**board, labelled.label: row}


def shown(board: Board) -> list[str]:
    """The board as lines of text, with the sum of what is known."""
    width = max(map(len, (*board, "together")))
    lines = [_line(name.ljust(width), row.usage, row) for name, row in board.items()]
    costs = [row.usage.cost for row in board.values() if row.usage.cost is not None]
    return [*lines, f"{'together'.ljust(width)}  {_money(sum(costs) if costs else None)}"]


def _line(name: str, usage: sk.Usage, row: Row) -> str:
    asked, said = (f"{'?' if n is None else n:>6}" for n in (usage.prompt_tokens, usage.completion_tokens))
    text = one_line(" ".join(row.text.split()))[-WIDTH:].rjust(WIDTH)
    return f"{name}  {_money(usage.cost)} {asked} +{said} {usage.origin:8}  {text}  {row.state}"


def _money(cost: float | None) -> str:
    return f"{'-' if cost is None else f'{cost:.6f}':>10}"


class Screen:
    """A sink that draws each board over the one before."""

    def __init__(self) -> None:
        self._drawn = 0

    def write(self, board: Board) -> None:
        lines = shown(board)
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        print(up + "".join(f"\x1b[2K{line}\n" for line in lines), end="", flush=True)
        self._drawn = len(lines)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("question", nargs="?", default="Why is the sky blue?")
    parser.add_argument("--model", action="append", default=[], metavar="NAME[=INPUT/OUTPUT]")
    args = parser.parse_args(argv)
    streams, prices = _asked(args.question, args.model)
    boards = build(streams, prices)
    if sys.stdout.isatty():
        sk.run(boards, sk.branch(into=Screen(), overflow="latest"))
    else:
        *_, last = boards
        print("\n".join(shown(last)))
    return 0


def _asked(question: str, models: Sequence[str]) -> tuple[dict[str, sk.Stream[sk.Event]], dict[str, sk.Prices]]:
    if not (os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL")):
        print("There is no OPENAI_API_KEY: the answers come from scripts, whatever you ask.", file=sys.stderr)
        return {name: testing.client(script, model=name).chat(question) for name, script in SCRIPTS.items()}, PRICES
    prices = {name: _prices(given) for name, _, given in (model.partition("=") for model in models) if given}
    names = [model.partition("=")[0] for model in models] or ["gpt-4o-mini"]
    return {name: sk.chat(question, model=name) for name in names}, prices


def _prices(text: str) -> sk.Prices:
    asked, _, said = text.partition("/")
    return sk.Prices(input=float(asked), output=float(said or asked))


if __name__ == "__main__":
    sys.exit(main())

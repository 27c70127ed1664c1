"""An own operator: a class with feed and flush. It remembers, `ops.stage` does the rest."""

import os
from collections.abc import Iterator

import streamkit as sk
from streamkit import operators as ops, testing


class Lines:
    """Pieces of text → whole lines; the last one at the end."""

    def __init__(self) -> None:
        self.rest = ""

    def feed(self, piece: str) -> Iterator[str]:
        *lines, self.rest = (self.rest + piece).split("\n")
        yield from lines

    def flush(self) -> Iterator[str]:
        yield self.rest


haiku = testing.client("An old silent pond\nA frog jumps into the pond\nSplash! Silence again.")
client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else haiku

for number, line in enumerate(client.chat("Write a haiku.").pipe(ops.text(), ops.stage(Lines)), 1):
    print(number, line)

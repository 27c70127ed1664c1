"""Three branches of one reply, each into an own sink: a callable, a coroutine function, an object."""

import asyncio
import os

import streamkit as sk
from streamkit import operators as ops, testing


async def speak(piece: str) -> None:
    await asyncio.sleep(0.01)  # a slow reader holds the source when its mailbox is full; nothing is lost


class Longest:
    """An object with ``write`` may also have ``fail`` and ``close``."""

    def __init__(self) -> None:
        self.piece = ""

    def write(self, piece: str) -> None:
        self.piece = max(self.piece, piece.strip(), key=len)

    def close(self, reply: sk.Reply) -> None:
        print(f"\n{reply.outcome}; the longest piece was {self.piece!r}")


async def main() -> None:
    client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client("A small reply.")
    await sk.start(
        client.chat("Say something."),
        sk.branch(ops.text(), into=lambda piece: print(piece, end="", flush=True)),
        sk.branch(ops.text(), into=speak),
        sk.branch(ops.text(), into=Longest()),
    )


asyncio.run(main())

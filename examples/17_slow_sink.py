"""A sink slower than the model: pieces that wait for it are joined, so it gets larger ones and holds up nobody."""

import asyncio
import os

import streamkit as sk
from streamkit import operators as ops, testing

script = testing.Script("The words come quickly, one after the other, and somebody writes them slowly.", every=0.01)
client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client(script)

written: list[str] = []


async def write(piece: str) -> None:
    await asyncio.sleep(0.05)
    written.append(piece)


async def main() -> None:
    run = sk.start(
        client.chat("Say something quickly."),
        sk.branch(ops.text(), into=len, name="quick"),
        sk.branch(ops.text(), into=write, overflow="conflate", name="slow"),
    )
    await run
    print("".join(written))
    quick, slow = run.stats["quick"], run.stats["slow"]
    print(f"[{quick.delivered} pieces came, {slow.delivered} were written, {slow.merged} joined to the one before]")


asyncio.run(main())

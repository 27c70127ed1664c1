"""Cells of a notebook: a text that grows in its place, a reply kept, a figure out of another. (``ipython`` runs it.)"""

import asyncio

import streamkit as sk
from streamkit import ops, sinks

client = sk.Client(model="small")
history = [sk.user("Explain rain.")]


async def first_cell() -> sk.Reply:
    reply = await sk.start(client.chat(history), sinks.notebook(show="text", every=0.05))
    history.extend(reply.messages)
    return reply


async def second_cell() -> dict[str, int]:
    kept = sinks.memory()
    longest = ""
    async for sentence in client.chat([*history, sk.user("More.")]).pipe(ops.attach(kept), ops.sentences()):
        longest = max(longest, sentence, key=len)
    return {"longest": len(longest), "all": len(kept.text)}


def third_cell() -> list[str]:
    """A cell without await: a plain loop, and ``sk.run`` in a thread of its own."""
    return [piece.strip() for piece in client.chat(history).pipe(ops.text())]


async def main() -> None:
    reply = await first_cell()
    print(reply.outcome, len(history), await second_cell())
    print(await asyncio.to_thread(third_cell))


if __name__ == "__main__":
    asyncio.run(main())

"""A reply that is written once and shown in tabs: one is closed and opened again, another one stops it."""

import asyncio
import os

import streamkit as sk
from streamkit import bus, ops, sinks


class Tab:
    """Keeps the position of the last event that it has shown."""

    def __init__(self, replies: bus.Bus, reply_id: str) -> None:
        self.replies, self.reply_id = replies, reply_id
        self.last: str | None = None
        self.shown = ""

    async def show(self, most: int) -> None:
        async for position, event in self.replies.positions(self.reply_id, self.last, wait=5):
            self.last = position
            if isinstance(event, sk.TextDelta):
                self.shown += event.text
            if len(self.shown) > most:
                return


async def main(replies: bus.Bus) -> None:
    client = sk.Client(model="small")
    first = sk.start(client.chat("Hi"), sinks.bus(replies))
    tab = Tab(replies, first.id)
    await tab.show(most=5)
    print("closed", tab.shown)
    await tab.show(most=1000)
    print("opened again", tab.shown, tab.shown == (await first).text)

    second = sk.start(client.chat("Once more"), sinks.bus(replies, "chat-17.2"))
    words = replies.follow("chat-17.2", wait=5).pipe(ops.text())
    async for word in words:
        print("stops at", word.strip(), await replies.cancel("chat-17.2"))
        break
    reply = await second
    print(reply.outcome, await replies.follow("chat-17.2") == reply)

    again = replies.follow(first.id, on_dead_writer="restart", attempt=client.chat("Hi"))
    print((await again).outcome)
    try:
        await replies.follow("chat-18")
    except sk.BusError as error:
        print(error.reason)


if __name__ == "__main__":
    url = os.environ.get("STREAMKIT_BUS")
    with bus.redis(url) if url else bus.memory() as replies:
        asyncio.run(main(replies))

"""A bot's message that is edited while the reply grows, once in a while and never behind a slow platform."""

import asyncio
from typing import Protocol

import streamkit as sk
from streamkit import ops


class Message(Protocol):
    async def edit(self, text: str) -> bool: ...


class Printed:
    def __init__(self) -> None:
        self.texts: list[str] = []

    async def edit(self, text: str) -> bool:
        await asyncio.sleep(0.02)
        self.texts.append(text)
        return True


async def answer(client: sk.Client, message: Message, question: str) -> sk.Reply:
    branch = sk.branch(ops.snapshots(every=0.05), into=message.edit, overflow="latest", on_cancel="drain")
    stream = client.chat(question).pipe(ops.think_tags(), ops.smooth("word", every=0.01))
    try:
        return await sk.start(stream, branch, sk.on(reasoning=lambda piece: print("thinks", piece.strip())))
    except sk.SinkError as error:
        print(f"the platform refused: {error}")
        return error.partial


async def main() -> None:
    message = Printed()
    async with sk.Client(model="small") as client:
        reply = await answer(client, message, "Hi")
    assert message.texts[-1] == reply.text
    print(len(message.texts) < 10, reply.text)


if __name__ == "__main__":
    asyncio.run(main())

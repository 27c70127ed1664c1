"""A chat message that is edited while the reply grows: once a second at most, and never behind a slow network."""

import asyncio
import os

import streamkit as sk
from streamkit import operators as ops, testing

script = testing.Script("A reply that grows word by word until it has said everything there is to say.", every=0.1)
client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client(script)


class ChatMessage:
    """As a chat platform has them; an edit takes its time, and too many of them are refused."""

    def __init__(self) -> None:
        self.edits = 0

    async def edit(self, text: str) -> None:
        await asyncio.sleep(0.2)
        self.edits += 1
        print(f"{text} …")


async def main() -> None:
    message = ChatMessage()
    edits = sk.branch(ops.snapshots(every=1.0), into=message.edit, overflow="latest")  # the last state always arrives
    reply = await sk.start(client.chat("Tell me something."), edits)
    print(f"[{len(reply.text)} characters in {message.edits} edits]")


asyncio.run(main())

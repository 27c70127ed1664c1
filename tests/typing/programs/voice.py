"""A voice: each sentence is spoken as soon as it is whole, and the user may interrupt."""

import asyncio

import streamkit as sk
from streamkit import ops
from streamkit.stages import Segment


class Voice:
    def __init__(self) -> None:
        self.heard = 0
        self.spoke = asyncio.Event()

    async def say(self, sentence: Segment) -> None:
        await asyncio.sleep(0.01)  # instead of a loudspeaker
        print("says:", sentence.text.strip())
        self.heard = sentence.end
        self.spoke.set()


async def main() -> None:
    voice, client = Voice(), sk.Client(model="small")
    history = [sk.user("What happened?")]
    speech = ops.segments("sentence", first_fast=True, lookahead="char", code="drop", spoken=True)
    async with sk.start(client.chat(history), sk.branch(speech, into=voice.say, overflow="wait")) as run:
        await voice.spoke.wait()
        run.cancel()  # the user has begun to speak
    reply = run.reply.upto(voice.heard)
    history += [*reply.messages, sk.user("Stop.")]
    print(reply.outcome, [message["content"] for message in history])

    again = sk.start(client.chat(history).pipe(ops.sentences(lang="en")))
    async for sentence in again:
        print("says:", sentence.upper())
    print(again.last)


if __name__ == "__main__":
    asyncio.run(main())

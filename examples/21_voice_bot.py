"""A voice bot is interrupted: the request ends at once, and the conversation keeps what the listener really heard."""

import asyncio
import os

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.stages import Segment

script = testing.Script("Well, that is a long story. It began in spring. Nobody knew how it would end.", every=0.02)
client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client(script)


class Voice:
    """Speaks sentence by sentence and knows how far it came (``heard`` counts characters of the reply)."""

    def __init__(self) -> None:
        self.heard = 0
        self.spoken = asyncio.Queue[str]()

    async def say(self, sentence: Segment) -> None:
        await asyncio.sleep(len(sentence.text) / 200)  # instead of a loudspeaker
        self.heard = sentence.end
        self.spoken.put_nowait(sentence.text.strip())


async def main() -> None:
    history, voice = [sk.user("What happened?")], Voice()
    run = sk.start(client.chat(history), sk.branch(ops.segments(unit="sentence"), into=voice.say))
    print("bot: ", await voice.spoken.get())
    print("user: Thank you, that is enough.")  # barge-in: a voice detector would say so
    run.cancel()
    reply = await run
    history += [*reply.upto(voice.heard).messages, sk.user("Thank you, that is enough.")]
    print("kept:", history[1]["content"])


asyncio.run(main())

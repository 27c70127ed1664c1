"""The model calls functions until it knows the answer: one stream, one Reply, all of it ready for the conversation."""

import asyncio
import os

import streamkit as sk
from streamkit import testing


def weather(city: str) -> dict[str, object]:
    """The weather in a city, now."""  # the model reads this
    return {"city": city, "sky": "clear", "degrees": 21}  # a blocking tool runs in a thread


async def remind(text: str, minutes: int) -> str:
    """Remind the user of something later."""
    await asyncio.sleep(0.01)
    raise RuntimeError("the calendar is full")  # told to the model, which may find another way


calls = [("weather", {"city": "Bern"}), ("remind", {"text": "sun glasses", "minutes": 30})]
scripts = testing.Script("Let me look. ", tool_calls=calls), testing.Script("21 degrees and clear; mind the sun.")
client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client(*scripts)

history = [sk.user("How is Bern today? Remind me of my sun glasses in half an hour.")]
stream = sk.tool_loop(client.chat, history, [weather, remind])  # each request holds the tools
for event in stream:
    match event:
        case sk.TextDelta(text=text):
            print(text, end="", flush=True)
        case sk.ToolResult(call=call, error=error):
            print(f"\n[{call.name}: {error or 'done'}]")
        case sk.Reply() as reply:
            history += reply.messages
            print(f"\n[rounds: {reply.rounds}, messages: {len(history)}]")

"""Another API, the same program: Claude thinks, calls a function and answers, over Anthropic's own Messages API."""

import os

import streamkit as sk
from streamkit import testing


def weather(city: str) -> str:
    """The weather in a city, now."""  # the model reads this
    return f"clear, 21 degrees in {city}"


calls = [("weather", {"city": "Bern"})]
scripts = (
    testing.Script("Let me look. ", reasoning=["Bern?"], tool_calls=calls),
    testing.Script("Clear, with 21 degrees."),
)
if "ANTHROPIC_API_KEY" in os.environ:
    client = sk.Client(api="anthropic", model="claude-sonnet-4-5")
else:
    client = testing.client(*scripts, api="anthropic")

# Messages, tools and parameters are those of chat completions; the client sends them as this API wants them.
asked = [sk.system("Answer in one sentence."), sk.user("How is Bern today?")]
for event in sk.tool_loop(client.chat, asked, [weather]):
    match event:
        case sk.ReasoningDelta(text=text):
            print(f"[thinks: {text}]")
        case sk.TextDelta(text=text):
            print(text, end="", flush=True)
        case sk.Reply(usage=sk.Usage() as usage) as reply:
            print(f"\n[{reply.outcome}, {reply.rounds} rounds, {usage.requests} requests]")

"""A conversation that begins with one API and goes on with another: each gets it in its own form."""

import os

import streamkit as sk
from streamkit import testing


def weather(city: str) -> str:
    """The weather in a city, now."""
    return f"clear, 21 degrees in {city}"


calls = [("weather", {"city": "Bern"})]
scripts = testing.Script("Let me look. ", reasoning=["Bern?"], tool_calls=calls), testing.Script("Clear, 21 degrees.")
if {"ANTHROPIC_API_KEY", "OPENAI_API_KEY"} <= os.environ.keys():
    claude = sk.Client(api="anthropic", model="claude-sonnet-4-5")
    gpt = sk.Client(api="responses", model="gpt-4o-mini")
else:
    claude = testing.client(*scripts, api="anthropic")
    gpt = testing.client("Then take a hat.", api="responses")

history = [sk.user("How is Bern today?")]
history += sk.run(sk.tool_loop(claude.chat, history, [weather])).messages  # thoughts, a call, its result, the answer
history.append(sk.user("What should I wear?"))
reply = sk.run(gpt.chat(history))  # sent as items of the Responses API, without what only Claude understands
history += reply.messages

for message in history:
    content = message["content"]
    print(message["role"], content if isinstance(content, str) else [block["type"] for block in content or ()])
print(reply)

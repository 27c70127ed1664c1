"""A callback for each kind of event, and one for the end. They are called in this thread, one at a time."""

import os

import streamkit as sk
from streamkit import testing


def show(piece: str) -> None:
    print(piece, end="", flush=True)


def call(tool: sk.ToolCall) -> None:
    print(f"\n[the model wants {tool.name} with {tool.args()}]")


def done(reply: sk.Reply) -> None:
    print(f"[{reply.outcome}, {reply.usage and reply.usage.completion_tokens} tokens]")


script = testing.Script("Let me look. ", tool_calls=[("weather", {"city": "Bern"})])
client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client(script)
tools = [{"type": "function", "function": {"name": "weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}}}}]  # fmt: skip

history = [sk.user("How is the weather in Bern?")]
reply = sk.run(client.chat(history, tools=tools), sk.on(text=show, tool_call=call, reply=done))
history += reply.messages

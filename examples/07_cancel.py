"""Press Ctrl-C while the reply comes: the request is closed, and what was said stays in the conversation."""

import os

import streamkit as sk
from streamkit import sinks, testing

script = testing.Script("Once upon a time there was a stream that nobody stopped. " * 4, every=0.05)
client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client(script)

history = [sk.user("Tell me a long story.")]
run = sk.start(client.chat(history), sinks.console())
try:
    reply = run.result()
except KeyboardInterrupt:
    reply = run.reply

history += reply.messages
print(f"[{reply.outcome}: {len(history)} messages, the last of {len(reply.text)} characters]")

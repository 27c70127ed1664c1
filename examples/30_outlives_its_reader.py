"""A reply outlives whoever reads it: a tab is closed in mid-reply, and the next one goes on after the last event."""

import os

import streamkit as sk
from streamkit import bus, sinks, testing

script = testing.Script("It is still being written, although nobody reads it now.", every=0.02)
client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client(script)
server = os.environ.get("STREAMKIT_BUS")  # such as redis://localhost:6379/0, and then for all processes
replies = bus.redis(server) if server else bus.memory()

run = sk.start(client.chat("Is anybody there?"), sinks.bus(replies))

seen, last = "", None
for position, event in replies.positions(run.id, wait=5):  # the first tab
    if isinstance(event, sk.TextDelta):
        print(event.text, end="", flush=True)
        seen += event.text
    last = position
    if len(seen) > 20:
        break

print("\n[the tab was closed; the reply goes on]")
reply = sk.run(replies.follow(run.id, after=last), sinks.console())  # the second tab
print(f"[{reply.outcome}, and the same for both: {reply == run.result()}]")

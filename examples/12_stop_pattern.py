"""The reply ends where it says what you wait for: the request is cancelled, and the Reply says why."""

import os
import re

import streamkit as sk
from streamkit import operators as ops, sinks, testing

script = testing.Script("1. Peel them.\n2. Slice them.\n3. Fry them.\n4. Wait.\n5. Serve.\nNotes: none", every=0.02)
client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client(script)

steps = client.chat("How do I fry potatoes?").pipe(ops.stop_at("Notes:", re.compile(r"\s+4\.")))
reply = sk.run(steps, sinks.console())
print(f"[{reply.outcome}, by {reply.stopped_by}]" if reply.stopped_by else f"[{reply.outcome}]")

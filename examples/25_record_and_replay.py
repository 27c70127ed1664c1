"""Record a reply as it comes over the network; play it again, faster; test with it, without waiting or paying."""

import os
import tempfile
from pathlib import Path

import streamkit as sk
from streamkit import operators as ops, sinks, testing

script = testing.Script("It was recorded once. It can be heard again and again.", first=0.2, every=0.02)
client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client(script)

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "reply.jsonl"  # 0600; the body of the reply: no header, no key, no prompt
    sk.run(client.chat("Say something.").pipe(ops.record(path)), sinks.console())
    sk.run(sk.replay(path, speed=4), sinks.console())

    pieces = testing.clock().run(sk.replay(path).pipe(ops.text()))
    waited = pieces.times[-1] - pieces.times[0]
    print(f"[{len(pieces.items)} pieces over {waited:.2f} s of virtual time]")

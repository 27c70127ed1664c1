"""The reply, printed while it is being written. Without a key a recorded one is streamed."""

import os

import streamkit as sk
from streamkit import operators as ops

ask = "OPENAI_API_KEY" in os.environ
stream = sk.chat("Why is the sky blue?", model="gpt-4o-mini") if ask else sk.replay("hello")

for piece in stream.pipe(ops.text()):
    print(piece, end="", flush=True)
print()

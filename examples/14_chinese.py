"""A reply in Chinese: its sentences need no spaces to be found, and its words none to come in a steady rhythm."""

import os

import streamkit as sk
from streamkit import operators as ops, testing

script = testing.Script("天空为什么是蓝色的？因为空气散射蓝光。老师说：“短波散射得更强。”傍晚呢……天就红了！")
client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client(script)

stream = client.chat("天空为什么是蓝色的？").pipe(ops.smooth(every=0.03))
for segment in stream.pipe(ops.segments(lang="zh")):
    print(f"{segment.start:3}-{segment.end:<3} {segment.text}")

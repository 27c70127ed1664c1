"""Every block of code of a reply to a file of its own, as soon as it is closed. The model does not name the files."""

import os
import tempfile
from pathlib import Path

import streamkit as sk
from streamkit import operators as ops, sinks, testing
from streamkit.stages import Segment

ENDINGS = {"bash": "sh", "javascript": "js", "markdown": "md", "python": "py", "rust": "rs", "typescript": "ts"}
folder = Path(tempfile.mkdtemp(prefix="code-"))


def save(block: Segment) -> None:
    tag = block.lang.lower()
    ending = ENDINGS.get(tag, tag if tag.isascii() and tag.isalnum() and len(tag) <= 8 else "txt")
    (folder / f"block-{block.index + 1}.{ending}").write_text(block.code, "utf-8")


script = testing.Script(
    "First:\n```python\nfor n in 1, 2:\n    print(n)\n```\nAnd a wicked name:\n```../../etc/passwd\nroot\n```\nDone."
)
client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client(script)

sk.run(client.chat("Count to three in two languages."), sinks.console(), sk.branch(ops.code_blocks(), into=save))
for path in sorted(folder.iterdir()):
    print(f"[{path.name}: {path.stat().st_size} bytes]")

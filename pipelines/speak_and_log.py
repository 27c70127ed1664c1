"""An answer that is spoken while it is being written, sentence by sentence, and logged event by event::

    python -m pipelines.speak_and_log "Why is the sky blue?" --model NAME --log answer.jsonl

Speaks with espeak-ng where that is installed, else prints what it would say. With OPENAI_API_KEY or OPENAI_BASE_URL it
asks a real API, without them a script.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from typing import Any

import streamkit as sk
from streamkit import operators as ops, sinks, testing

__all__ = ["build", "main"]

SCRIPT = (
    "Sunlight holds **all** colours, and air scatters blue most. So blue reaches us from everywhere! In code:\n\n"
    "```py\nscattering = 1 / wavelength**4\n```\n\nAt 7 p.m. the way is long, and red is what is left."
)


def build(stream: sk.Stream[sk.Event], *, speech: Any, log: Any, lang: str = "auto", patience: float = 2.0) -> sk.Run:
    """A started run: each sentence of the reply goes to the sink ``speech`` as str, every event to the sink ``log``.

    Speech begins with the first clause, leaves out code and the marks of Markdown, and does not wait longer than
    ``patience`` seconds for the end of a sentence. A sink that fails hurts neither the other nor the reply; in the end
    ``result()`` raises its `SinkError`.
    """
    sentences = ops.sentences(
        lang=lang, lookahead="char", first_fast=True, max_wait=patience, code="drop", markdown="plain", spoken=True
    )
    return sk.start(stream, sk.branch(sentences, into=speech, name="speech"), sk.branch(into=log, name="log"))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("question", nargs="?", default="Why is the sky blue?")
    parser.add_argument("--model", default=os.environ.get("OPENAI_MODEL"))
    parser.add_argument("--log", default="answer.jsonl", help="the events are appended to it (default: answer.jsonl)")
    parser.add_argument("--lang", default="auto", help="ISO 639 code of the answer's language")
    args = parser.parse_args(argv)
    with _client(args.model) as client:
        log = sinks.jsonl(args.log, mode="append")
        run = build(client.chat(args.question), speech=_voice(args.lang), log=log, lang=args.lang)
        try:
            reply = run.result()
        except KeyboardInterrupt:  # the run was cancelled by it
            reply = run.reply
        except (sk.StreamkitError, OSError) as exc:
            print(f"[{exc}]", file=sys.stderr)
            return 1
    print(f"[{reply.outcome}; the log is in {args.log}]", file=sys.stderr)
    return 0


def _voice(lang: str) -> Any:
    if shutil.which("espeak-ng"):
        return sinks.process(["espeak-ng", *(("-v", lang) if lang != "auto" else ())])
    return print


def _client(model: str | None) -> sk.Client:
    if os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL"):
        return sk.Client(model=model)
    print("There is no OPENAI_API_KEY: the answer comes from a script, whatever you ask.", file=sys.stderr)
    return testing.client(testing.Script(SCRIPT, first=0.3, every=0.05))


if __name__ == "__main__":
    sys.exit(main())

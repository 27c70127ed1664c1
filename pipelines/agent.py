"""An agent in the terminal: it thinks, runs your functions, and goes on where it stopped, in any API::

    python -m pipelines.agent "How is the weather in Bern?" --api anthropic --model NAME --file talk.jsonl

The conversation is kept in the file, so the next question goes on from there, thoughts and signatures included. A
function in ``asks_first`` runs only if you agree. Without a key (OPENAI_API_KEY and the like) a script answers. To
count what fits it needs the extra offline: pip install "streamkit-rx[offline]"
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import streamkit as sk
from streamkit import sinks, testing

__all__ = ["Agent", "build", "main", "weather"]


def weather(city: str) -> dict[str, object]:
    """The weather in a city, now."""
    return {"city": city, "sky": "clear", "degrees": 21}


def send_mail(to: str, text: str) -> str:
    """Send an e-mail."""
    return f"sent to {to}"


KEYS = {
    "chat": ("OPENAI_API_KEY", "OPENAI_BASE_URL"),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "ollama": ("OLLAMA_HOST",),
}
SCRIPT = (
    testing.Script("Let me look. ", reasoning=["Bern?"], tool_calls=[("weather", {"city": "Bern"})]),
    testing.Script("Clear, with 21 degrees."),
)


class Agent:
    """A conversation with one model that may call ``tools``.

    ``history`` has the messages so far, in the form of the client's API. With a ``file`` every question and every reply
    is a line of JSON in there: the whole `Reply`, as that knows for which model its signatures are.
    """

    def __init__(
        self,
        client: sk.Client,
        tools: Sequence[Callable[..., Any]],
        *,
        system: str | None = None,
        file: str | Path | None = None,
        tokens: int = 100_000,
        into: Sequence[Any] = (),
    ) -> None:
        self.history: list[Any] = [sk.system(system)] if system else []
        self._client, self._tools, self._tokens, self._into = client, tools, tokens, into
        self._file = Path(file) if file is not None else None
        if self._file is not None and self._file.exists():
            for line in self._file.read_text("utf-8").splitlines():
                self._take(line)

    def ask(self, question: str) -> sk.Reply:
        """The answer after all rounds of tools, streamed into the sinks meanwhile. What was said before Ctrl-C is kept.

        Raises `StreamkitError`; the history is then as it was before.
        """
        asked = sk.user(question)
        fitting = sk.fit([*self.history, asked], self._client.model or "", tokens=self._tokens)
        run = sk.start(sk.tool_loop(self._client.chat, fitting, self._tools), *self._into)
        try:
            reply = run.result()
        except KeyboardInterrupt:
            reply = run.reply
        if reply.messages:  # nothing at all was said: servers reject two questions in a row
            self._keep(json.dumps(asked))
            self._keep(sk.to_json(reply).decode())
        return reply

    def _keep(self, line: str) -> None:
        self._take(line)
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(line + "\n")

    def _take(self, line: str) -> None:
        form = json.loads(line)
        if "role" in form:
            self.history.append(form)
        else:
            reply = sk.from_json(line)
            self.history += reply.messages if isinstance(reply, sk.Reply) else []


def build(
    client: sk.Client,
    tools: Sequence[Callable[..., Any]] = (weather,),
    *,
    asks_first: Sequence[Callable[..., Any]] = (),
    approve: Callable[[str, Mapping[str, Any]], bool] = lambda name, arguments: False,
    **options: Any,
) -> Agent:
    """An `Agent`; the functions in ``asks_first`` run only if ``approve(name, arguments)`` says so."""
    return Agent(client, [*tools, *(_asking(tool, approve) for tool in asks_first)], **options)


def _asking(tool: Callable[..., Any], approve: Callable[[str, Mapping[str, Any]], bool]) -> Callable[..., Any]:
    @wraps(tool)
    def run(**arguments: Any) -> Any:
        if not approve(tool.__name__, arguments):
            raise PermissionError("the user denied it")  # reported to the model, which may find another way
        return tool(**arguments)

    return run


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("question", nargs="+")
    parser.add_argument("--api", default="chat")
    parser.add_argument("--model")
    parser.add_argument("--file")
    args = parser.parse_args(argv)
    with _client(args.api, args.model) as client:
        agent = build(client, asks_first=[send_mail], approve=_approve, file=args.file, into=[sinks.console()])
        try:
            agent.ask(" ".join(args.question))
        except (sk.StreamkitError, ValueError) as exc:  # too long for the model, no name of a model
            print(f"[{exc}]", file=sys.stderr)
            return 1
    return 0


def _approve(name: str, arguments: Mapping[str, Any]) -> bool:
    return input(f"\nRun {name}({json.dumps(arguments, ensure_ascii=False)})? [y/N] ").strip().lower() == "y"


def _client(api: str, model: str | None) -> sk.Client:
    if any(os.environ.get(name) for name in KEYS.get(api, KEYS["chat"])):
        return sk.Client(api=api, model=model)
    print("There is no API key: the answer comes from a script, whatever you ask.", file=sys.stderr)
    return testing.client(*SCRIPT, api="chat" if api == "gemini" else api)  # whose replies are only read


if __name__ == "__main__":
    sys.exit(main())

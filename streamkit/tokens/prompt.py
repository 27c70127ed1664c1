"""The number of tokens of a request, by the rule of OpenAI's Cookbook as far as reported usage confirms it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..checks import quote
from ..messages import Messages, messages_of
from ..protocols import Encoding
from .counter import TokenCounter
from .encodings import load_encoding
from .images import image_tokens
from .models import Resolved, resolve
from .tools import as_typescript

__all__ = ["Count", "RequestCounter", "check_request", "prompt_tokens"]

ANSWER = 3  # the beginning of the answer; models that think take one less
MESSAGE = 3
NAME = 1
RESULT = 8  # for a call with its result, besides two messages
TOOLS = 9
TOOLS_AFTER_SYSTEM = -4
NAMED_TOOL = 7

PROVED = re.compile(r"(chat)?gpt-(3\.5|4|5)|o3")
"""Models with enough reported usage, or with a rule that OpenAI published."""
OTHER = Resolved("", exact=True)
"""The entry for a tokenizer of the user, for a model of which nothing is known."""
COUNTED = frozenset({"role", "content", "name"})
ROLES = frozenset({"system", "user", "assistant"})


@dataclass(frozen=True, slots=True)
class Count:
    """``tokens`` of a prompt; ``exact``: as the provider bills them. ``notes`` say why it is not, and which
    parts were not counted.
    ``images`` is an estimate that is not part of ``tokens``."""

    tokens: int
    exact: bool
    notes: tuple[str, ...] = ()
    images: int = 0


def prompt_tokens(
    messages: Messages,
    model: str | Encoding,
    tools: Sequence[Mapping[str, Any]] | None = None,
    *,
    tool_choice: Any = None,
    response_format: Any = None,
) -> Count:
    """The tokens of a chat request, before it is sent.

    ``messages`` are those of `Client.chat`, ``tools`` and the rest are fields of the request (tools as JSON schemas).
    Exact for text alone and OpenAI's models; anything else, also a count by another tokenizer, is an
    estimate that leaves out the parts that cannot be known. Loads the vocabulary as `TokenCounter` does. TypeError for
    values that no request can hold.
    """
    turns = check_request(messages, tools)
    tally = RequestCounter(model)
    for message in turns:
        tally.message(message)
    if tools:
        tally.tools(tools, tool_choice)
    if isinstance(response_format, Mapping) and response_format.get("type", "text") not in ("text", "json_object"):
        tally.note("the schema of the answer is not counted")
    return tally.count()


def check_request(messages: Messages, tools: Any) -> list[Mapping[str, Any]]:
    """``messages`` as dicts; TypeError for anything else, or if ``tools`` is not a list of dicts."""
    if not isinstance(tools or [], Sequence) or not all(isinstance(one, Mapping) for one in tools or ()):
        raise TypeError(f"tools are a list of dicts, as in the JSON of a request, not {tools!r}")
    return messages_of(messages)


class RequestCounter:
    """Counts a request message by message. ``uncounted`` is called with the name and the value of everything that the
    rule has no figure for, and returns text that is counted in its place."""

    def __init__(self, model: str | Encoding, uncounted: Callable[[str, Any], str] = lambda name, value: "") -> None:
        resolved = resolve(model) if isinstance(model, str) else OTHER
        encoding = load_encoding(resolved.encoding) if isinstance(model, str) else model
        self._size: Callable[[str], int] = lambda text: TokenCounter(encoding).feed(text)
        self._model = resolved
        self._tokens = ANSWER - resolved.thinks
        self._images = 0
        self._notes: dict[str, None] = {}
        self._uncounted = uncounted
        self._has_tools = self._has_system = False
        if not resolved.exact:
            self.note(f"the tokenizer is not known: {resolved.encoding} was used")
        elif not PROVED.match(resolved.base):
            self.note("how this model's provider frames messages is not known")

    def note(self, text: str) -> None:
        self._notes[text] = None

    def count(self) -> Count:
        notes = tuple(self._notes)
        tokens = self._tokens + (TOOLS_AFTER_SYSTEM if self._has_tools and self._has_system else 0)
        return Count(tokens, exact=not notes, notes=notes, images=self._images)

    def message(self, message: Mapping[str, Any]) -> None:
        role = str(message.get("role", ""))
        self._has_system = self._has_system or role == "system"
        self._tokens += MESSAGE + self._size(role)
        self._content(message.get("content"))
        if message.get("name"):
            self._tokens += self._size(str(message["name"])) + NAME
        for call in message.get("tool_calls") or ():
            if not isinstance(call, Mapping):
                raise TypeError(f"tool_calls are a list of dicts, each a call, not of {quote(call)}")
            if isinstance(call.get("function"), Mapping):
                self._call(call["function"])
            else:
                self.uncounted("a call of another kind", call)
        if role == "tool":
            self._tokens += RESULT
            self.note("calls and their results are framed in an unknown way")
        elif role not in ROLES:
            self.note(f"how the role {role!r} is counted is not known")
        if role == "assistant" and self._model.thinks:
            self.note("earlier answers of a model that thinks may count for more")
        for key in message.keys() - COUNTED - {"tool_calls", "tool_call_id"}:
            if message[key]:
                self.uncounted(key, message[key])

    def uncounted(self, name: str, value: Any) -> None:
        """Note something for which there is no figure."""
        self.note(f"{name} is not counted")
        if text := self._uncounted(name, value):
            self._tokens += self._size(text)

    def _content(self, content: Any) -> None:
        if not isinstance(content, (str, list, tuple, type(None))):
            raise TypeError(f"the content of a message is a str or a list of parts, not {quote(content)}")
        for part in [content] if isinstance(content, str) else content or ():
            if isinstance(part, str):
                self._tokens += self._size(part)
            elif not isinstance(part, Mapping):
                raise TypeError(f"a part of a message is a dict or a str, not {quote(part)}")
            elif isinstance(part.get("text"), str):
                self._tokens += self._size(part["text"])
            elif (estimate := image_tokens(part, self._model.base)) is not None:
                self._images += estimate
                self.note("images are estimated apart")
            else:
                self.uncounted(str(part.get("type", "part")), part)

    def _call(self, function: Mapping[str, Any]) -> None:
        arguments = function.get("arguments") or ""
        text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        self._tokens += self._size(str(function.get("name", ""))) + self._size(text)
        self.note("calls and their results are framed in an unknown way")

    def tools(self, tools: Sequence[Mapping[str, Any]], choice: Any = None) -> None:
        self._has_tools = True
        self._tokens += self._size(as_typescript(tools)) + TOOLS
        if choice == "none":
            self._tokens += 1
        elif isinstance(choice, Mapping):
            named = choice.get("function", choice)
            self._tokens += NAMED_TOOL + self._size(str(named.get("name", "")))
        self.note("how tools are shown to the model is not known: off by a few tokens each")

"""The base of servers with chat completions, which is OpenAI's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .chat_rules import check_contents, fault_error, losses_of, open_calls, orphan, pairs
from .chat_stream import write_chat
from .parts import Refusal, Text
from .provider import Provider, Said
from .refusals import RefusedError
from .typed import Fault, faults

__all__ = ["ChatServer", "Lenient"]

Messages = Sequence[Mapping[str, Any]]


class ChatServer(Provider):
    """A server with chat completions: OpenAI itself, which refuses what it does not know."""

    name = "openai"
    address = "https://api.openai.com/v1"
    model = "gpt-5.4"
    path = "/chat/completions"
    streams = ""
    """The way in which thoughts are streamed, see `write_chat`."""
    returns = ""
    """The way in which they come back."""
    takes: frozenset[str] = frozenset()
    """Keys of messages of the model beyond those of OpenAI."""

    whole_calls = False
    """True if calls are sent in one piece and with signatures."""

    def __init__(self, model: str | None = None) -> None:
        self.model = model or self.model

    def check(self, body: Mapping[str, Any], said: list[Said], headers: Mapping[str, str]) -> list[str]:
        from openai.types.chat import ChatCompletionMessageParam

        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            raise fault_error(Fault("missing", ("messages",), None))
        for index, message in enumerate(messages):
            for fault in faults(message, ChatCompletionMessageParam, ("messages", index)):
                if (error := self.refusal(fault)) is not None:
                    raise error
        check_contents(messages)
        for kind, index, ids in pairs(messages):
            raise self.pair_error(kind, index, ids)
        self.check_thoughts(messages, said, str(body.get("model")))
        return losses_of(messages, said, ("reasoning", "reasoning_content", "reasoning_details"))

    def write(self, said: Said) -> None:
        if self.name != ChatServer.name:  # only OpenAI has refusals; others say them
            said.round = [Text(part.text) if isinstance(part, Refusal) else part for part in said.round]
        write_chat(said, self.streams, self.returns, whole_calls=self.whole_calls)

    def refusal(self, fault: Fault) -> RefusedError | None:
        """The error for a value of another form, None if the server takes it."""
        if fault.kind == "unknown":
            return None if fault.path[-1] in self.takes else self.unknown(fault)
        return fault_error(fault)

    def unknown(self, fault: Fault) -> RefusedError | None:
        return fault_error(fault)

    def pair_error(self, kind: str, index: int, ids: list[str]) -> RefusedError:
        if kind == "twice":
            return RefusedError(f"Duplicate value for 'tool_call_id' of '{ids[0]}' in message[{index}]")
        return open_calls(index, ids) if kind == "open" else orphan(index)

    def check_thoughts(self, messages: Messages, said: list[Said], model: str) -> None:
        """Refuse a conversation whose thoughts are not as the server needs them."""


class Lenient(ChatServer):
    """A server that ignores keys which it does not know."""

    streams = returns = "reasoning_content"

    def unknown(self, fault: Fault) -> RefusedError | None:
        return None

"""The definition of Anthropic's Messages API: its address, its dialect, its writer and its requests."""

from __future__ import annotations

from ...events import Reply
from ..access import Access
from ..api import Api, Form, OwnMessages, Writer
from .ask import body, choice, prompt, tool, tool_names, with_format
from .dialect import AnthropicMessages, is_message
from .history import is_own, movable, plain, to_chat

__all__ = ["MESSAGES"]


# Writers and whole replies are needed to serve replies only, so they are imported when they are first used.


def _writer(model: str, id: str, created: int) -> Writer:
    from .encode import MessagesWriter

    return MessagesWriter(model, id, created)


def _whole(reply: Reply) -> Form:
    from .encode import message_body

    return message_body(reply)


def _error(status: int, error: Form) -> Form:
    from .encode import error_response

    return error_response(status, error)


MESSAGES = Api(
    name="anthropic",
    dialect=AnthropicMessages,
    writer=_writer,
    whole=_whole,
    owns=is_message,
    access=Access(
        address="https://api.anthropic.com",
        version="v1",
        keys=("ANTHROPIC_API_KEY",),
        addresses=("ANTHROPIC_BASE_URL",),
        header=("x-api-key", ""),
        headers={"anthropic-version": "2023-06-01"},
        tokens=("ANTHROPIC_AUTH_TOKEN",),
        model="ANTHROPIC_MODEL",
    ),
    path="v1/messages",
    body=body,
    tool=tool,
    strict_tools=True,
    tool_names=tool_names,
    choice=choice,
    format=with_format,
    prompt=prompt,
    required={"messages": (list,), "max_tokens": (int,)},
    error=_error,
    own=OwnMessages(is_own=is_own, plain=plain, movable=movable, to_chat=to_chat),
)

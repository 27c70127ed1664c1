"""The definitions of OpenAI's three APIs, which most other providers speak as well, with the requests of two of
them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...events import Reply
from ..access import Access
from ..api import Api, Form, Messages, OwnMessages, Prompt, Writer
from . import ask_responses, response_history
from .chat import Chat
from .completions import Completions
from .response_chat import to_chat
from .responses import Responses

__all__ = ["CHAT", "COMPLETIONS", "RESPONSES"]

# Writers and whole replies are needed to serve replies only, so they are imported when they are first used.


def _chat_writer(model: str, id: str, created: int) -> Writer:
    from .encode_chat import ChatWriter

    return ChatWriter(model, id, created)


def _completions_writer(model: str, id: str, created: int) -> Writer:
    from .encode_chat import CompletionsWriter

    return CompletionsWriter(model, id, created)


def _responses_writer(model: str, id: str, created: int) -> Writer:
    from .encode_responses import ResponsesWriter

    return ResponsesWriter(model, id, created)


def _chat_body(reply: Reply) -> Form:
    from .bodies import chat_body

    return chat_body(reply)


def _completion_body(reply: Reply) -> Form:
    from .bodies import completion_body

    return completion_body(reply)


def _response_body(reply: Reply) -> Form:
    from .bodies import response_body

    return response_body(reply)


def _error(status: int, error: Form) -> Form:
    """The body of an error response. A wrong key is an invalid request in these APIs, distinguished by its code."""
    kind = "rate_limit_error" if status == 429 else "server_error" if status >= 500 else "invalid_request_error"
    return {"error": {"type": kind, "param": None, "code": None, **error}}


# -- chat completions --------------------------------------------------------------------------------------------------


def _has_choices(form: Form) -> bool:
    return "choices" in form


def _chat_request(messages: Messages, params: Form) -> Form:
    return {"messages": messages, **params}


def _function_tool(function: Form) -> Form:
    return {"type": "function", "function": function}


def _tool_choice(name: str) -> Form:
    return _function_tool({"name": name})


def _with_format(params: Form, spec: Form) -> Form:
    return {**params, "response_format": spec}


def _chat_prompt(body: Mapping[str, Any]) -> Prompt:
    return Prompt(body["messages"], body.get("tools"), body.get("tool_choice"), body.get("response_format"))


def _is_response(form: Form) -> bool:
    kind = form.get("type")
    return form.get("object") == "response" or (
        isinstance(kind, str) and (kind.startswith("response.") or kind == "error")
    )


# -- legacy completions ------------------------------------------------------------------------------------------------


def _completion_prompt(body: Mapping[str, Any]) -> Prompt:
    prompt = body["prompt"]
    one = isinstance(prompt, str) or all(isinstance(item, int) for item in prompt)
    notes = ("the suffix is not counted",) if body.get("suffix") else ()
    return Prompt(texts=[prompt] if one else prompt, notes=notes)


OPENAI = Access(
    address="https://api.openai.com/v1",
    keys=("OPENAI_API_KEY",),
    addresses=("OPENAI_BASE_URL",),
    accounts={"OPENAI_ORG_ID": "openai-organization", "OPENAI_PROJECT_ID": "openai-project"},
    model="OPENAI_MODEL",
    azure=True,
)
CHAT = Api(
    name="chat",
    dialect=Chat,
    writer=_chat_writer,
    whole=_chat_body,
    owns=_has_choices,
    access=OPENAI,
    path="chat/completions",
    deployed=True,
    asks_usage=True,
    native=True,
    body=_chat_request,
    tool=_function_tool,
    strict_tools=True,
    choice=_tool_choice,
    format=_with_format,
    prompt=_chat_prompt,
    required={"messages": (list,)},
    error=_error,
)
COMPLETIONS = Api(
    name="completions",
    dialect=Completions,
    writer=_completions_writer,
    whole=_completion_body,
    owns=_has_choices,
    access=OPENAI,
    path="completions",
    deployed=True,
    asks_usage=True,
    prompt=_completion_prompt,
    required={"prompt": (str, list)},
    error=_error,
)
RESPONSES = Api(
    name="responses",
    dialect=Responses,
    writer=_responses_writer,
    whole=_response_body,
    owns=_is_response,
    access=OPENAI,
    path="responses",
    body=ask_responses.body,
    tool=ask_responses.tool,
    strict_tools=True,
    choice=ask_responses.choice,
    format=ask_responses.with_format,
    prompt=ask_responses.prompt,
    required={"input": (str, list)},
    error=_error,
    own=OwnMessages(
        is_own=response_history.is_own, plain=response_history.plain, movable=response_history.plain, to_chat=to_chat
    ),
    conversation="input",
    finished=ask_responses.finished,
)

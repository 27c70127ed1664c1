"""The rules of servers with chat completions that look at whole conversations, and what they lose in silence."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .provider import Said, cut_of, differences
from .refusals import RefusedError
from .typed import Fault, indexed

__all__ = ["call_ids", "check_contents", "fault_error", "last_user", "losses_of", "open_calls", "orphan", "pairs"]

Messages = Sequence[Mapping[str, Any]]

JSON_TYPES = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", int: "an integer"}


def fault_error(fault: Fault) -> RefusedError:
    """The words of OpenAI for a value of another form. Unknown keys: browser-use/jev-ultrafast #37."""
    place = indexed(fault.path)
    got = "null" if fault.value is None else JSON_TYPES.get(type(fault.value), "a number")
    match fault.kind:
        case "unknown":
            return RefusedError(f"Unknown parameter: '{place}'.", param=place, code="unknown_parameter")
        case "missing":
            text = f"Missing required parameter: '{place}'."
            return RefusedError(text, param=place, code="missing_required_parameter")
        case "literal":
            allowed = fault.expected.replace(" or ", ", ")
            text = f"Invalid value: '{fault.value}'. Supported values are: {allowed}."
            return RefusedError(text, param=place, code="invalid_value")
    text = f"Invalid type for '{place}': expected {fault.expected}, but got {got} instead."
    return RefusedError(text, param=place, code="invalid_type")


def call_ids(message: Mapping[str, Any]) -> list[str]:
    return [call["id"] for call in message.get("tool_calls") or ()]


def last_user(messages: Messages) -> int:
    """The index of the last message of the user, from which on a turn is current; -1 without one."""
    return max((index for index, message in enumerate(messages) if message["role"] == "user"), default=-1)


def check_contents(messages: Messages) -> None:
    """Refuse messages of the model without content and calls, and empty lists of calls."""
    for index, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        if message.get("tool_calls") == []:
            # openai/openai-agents-python: its converter to chat completions leaves out empty lists
            text = f"Invalid 'messages[{index}].tool_calls': empty array. Expected an array with minimum length 1, but "
            text += "got an empty array instead."
            raise RefusedError(text, param=f"messages[{index}].tool_calls", code="empty_array")
        if message.get("content") is None and not message.get("tool_calls") and not message.get("function_call"):
            # pydantic/pydantic-ai: its chat model leaves out empty replies
            text = "Invalid value for 'content': expected a string, got null."
            raise RefusedError(text, param=f"messages.[{index}].content")


def open_calls(index: int, ids: Sequence[str]) -> RefusedError:
    """aliasrobotics/cai #111; DeepSeek and Qwen say the same (langgenius/dify #32222, QwenLM/qwen-code #606)."""
    text = (
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
    )
    text += f"The following tool_call_ids did not have response messages: {', '.join(ids)}"
    return RefusedError(text, param=f"messages.[{index}].role")


def orphan(index: int) -> RefusedError:
    """Found as the text of the error in several public repositories, "preceeding" included."""
    text = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
    return RefusedError(text, param=f"messages.[{index}].role")


def pairs(messages: Messages) -> Iterator[tuple[str, int, list[str]]]:
    """The faults of calls and results: ``("open", index, ids)`` for calls without a result before the message at
    ``index``, ``("orphan", index, [id])`` for a result without a call, or a second one, and ``("twice", index, [id])``
    for two calls with one id. A result comes before any other message (pydantic/pydantic-ai #2500)."""
    waiting: list[str] = []
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                yield "orphan", index, [message["tool_call_id"]]
            else:
                waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            yield "open", index, waiting
        waiting = call_ids(message) if message["role"] == "assistant" else []
        yield from (("twice", index, [one]) for one in dict.fromkeys(waiting) if waiting.count(one) > 1)
    if waiting:
        yield "open", len(messages), waiting


def losses_of(messages: Messages, said: Sequence[Said], later: Sequence[str] = ()) -> list[str]:
    """The differences between the messages of the model and the replies, keys in ``later`` only in the current turn;
    and results in another order than their calls."""
    found = [index for index, message in enumerate(messages) if message["role"] == "assistant"]
    said = [reply for reply in said if reply.form]
    losses, current = [], last_user(messages)
    for index, reply in _matched(messages, found, said):
        if cut_of(reply.round):
            continue
        if index is None:
            losses.append(f"reply {reply.number} is missing")
            continue
        skip = later if index < current else ()
        losses += differences(messages[index], reply.form[0], f"messages[{index}]", skip)
    for index in found:
        ids = call_ids(messages[index])
        results = [message.get("tool_call_id") for message in messages[index + 1 : index + 1 + len(ids)]]
        if results != ids:
            losses.append(f"messages[{index}]: the results {results} are not in the order of the calls {ids}")
    return losses


def _matched(messages: Messages, found: list[int], said: Sequence[Said]) -> Iterator[tuple[int | None, Said]]:
    """Each reply with the index of its message: by place if there are as many, else by calls and content."""
    if len(found) == len(said):
        yield from zip(found, said, strict=True)
        return
    left = list(found)
    for reply in said:
        form = reply.form[0]
        same = (index for index in left if _key(messages[index]) == _key(form))
        index = next(same, None)
        if index is not None:
            left.remove(index)
        yield index, reply


def _key(message: Mapping[str, Any]) -> str:
    return json.dumps([call_ids(message), message.get("content") or None], sort_keys=True)

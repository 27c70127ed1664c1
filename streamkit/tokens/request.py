"""The prompt of a request as it is sent, in the form of any of the APIs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..protocols import Encoding
from .counter import TokenCounter
from .models import resolve
from .prompt import Count, prompt_tokens

__all__ = ["request_tokens"]

ELSEWHERE = ("previous_response_id", "conversation", "prompt")
"""Parameters of the Responses API that stand for text which the server keeps."""


def request_tokens(api: str, body: Mapping[str, Any], model: str | Encoding) -> Count:
    """The tokens of the prompt in the JSON ``body`` of a request; whatever is in it, as a server may accept it.

    Raises what a strange form makes it raise.
    """
    if api == "completions":
        return _completion(body, model)
    if api == "responses":
        return _response(body, model)
    return prompt_tokens(
        body["messages"],
        model,
        body.get("tools"),
        tool_choice=body.get("tool_choice"),
        response_format=body.get("response_format"),
    )


def _completion(body: Mapping[str, Any], model: str | Encoding) -> Count:
    """Nothing is put around a plain prompt."""
    prompt = body["prompt"]
    one = isinstance(prompt, str) or all(isinstance(item, int) for item in prompt)
    prompts: Sequence[str | Sequence[int]] = [prompt] if one else prompt
    sizes = [TokenCounter(model).feed(text) if isinstance(text, str) else len(text) for text in prompts]
    exact = isinstance(model, str) and resolve(model).exact
    notes = () if exact else ("the tokenizer may be another",)
    if body.get("suffix"):
        notes = (*notes, "the suffix is not counted")
    return Count(sum(sizes), exact=not notes, notes=notes)


def _response(body: Mapping[str, Any], model: str | Encoding) -> Count:
    asked = body["input"]
    turns: list[Mapping[str, Any]]
    turns = [{"role": "system", "content": body["instructions"]}] if body.get("instructions") else []
    turns += [{"role": "user", "content": asked}] if isinstance(asked, str) else _turns(asked)
    count = prompt_tokens(turns, model, body.get("tools"), tool_choice=body.get("tool_choice"))
    notes = ["how the Responses API frames messages is not known"]
    notes += [f"what {name} stands for is not counted" for name in ELSEWHERE if body.get(name)]
    if body.get("text", {}).get("format", {}).get("type", "text") == "json_schema":
        notes.append("the schema of the answer is not counted")
    return replace(count, exact=False, notes=(*count.notes, *notes))


def _turns(items: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Items of the Responses API as messages of chat completions."""
    for item in items:
        if item.get("type") == "function_call":
            yield {"role": "assistant", "tool_calls": [{"function": item}]}
        elif item.get("type") == "function_call_output":
            yield {"role": "tool", "content": item.get("output")}
        elif "role" in item:
            yield {"role": item["role"], "content": item.get("content")}

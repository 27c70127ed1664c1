"""The parameters of requests that type checkers know; any other parameter goes into ``extra``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

__all__ = ["ChatParams", "CompletionParams", "ResponseParams"]


class _Common(TypedDict, total=False):
    temperature: float | None
    top_p: float | None
    seed: int | None
    user: str | None
    stream_options: Mapping[str, Any] | None


class CompletionParams(_Common, total=False):
    """Parameters of legacy completions."""

    max_tokens: int | None
    n: int | None
    stop: str | Sequence[str] | None
    logprobs: int | None
    echo: bool | None
    suffix: str | None
    best_of: int | None
    frequency_penalty: float | None
    presence_penalty: float | None
    logit_bias: Mapping[str, float] | None


class ChatParams(_Common, total=False):
    """Parameters of chat completions."""

    max_tokens: int | None
    max_completion_tokens: int | None
    n: int | None
    stop: str | Sequence[str] | None
    logprobs: bool | None
    top_logprobs: int | None
    frequency_penalty: float | None
    presence_penalty: float | None
    logit_bias: Mapping[str, float] | None
    tools: Sequence[Any] | None
    tool_choice: Any
    parallel_tool_calls: bool | None
    response_format: Any
    reasoning_effort: str | None
    verbosity: str | None
    service_tier: str | None
    store: bool | None
    metadata: Mapping[str, str] | None
    modalities: Sequence[str] | None
    prediction: Mapping[str, Any] | None


class ResponseParams(TypedDict, total=False):
    """Parameters of the Responses API, and ``response_format``, which is sent inside ``text``."""

    response_format: Any

    instructions: str | None
    temperature: float | None
    top_p: float | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    tools: Sequence[Any] | None
    tool_choice: Any
    parallel_tool_calls: bool | None
    reasoning: Mapping[str, Any] | None
    text: Mapping[str, Any] | None
    previous_response_id: str | None
    conversation: str | Mapping[str, Any] | None
    include: Sequence[str] | None
    truncation: str | None
    store: bool | None
    background: bool | None
    metadata: Mapping[str, str] | None
    service_tier: str | None
    user: str | None

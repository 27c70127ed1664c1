"""The prompt of a request as it is sent, in the form of any of the APIs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..protocols import Encoding
from ..wire import api_named
from .counter import TokenCounter
from .models import resolve
from .prompt import Count, prompt_tokens

__all__ = ["request_tokens"]


def request_tokens(api: str, body: Mapping[str, Any], model: str | Encoding) -> Count:
    """The tokens of the prompt in the JSON ``body`` of a request. The body is not checked, as a server may accept more
    than is known here.

    Raises any exception that an odd form of the body leads to.
    """
    prompt = api_named(api).prompt(body)
    if prompt.texts is not None:
        count = _continued(prompt.texts, model)
    else:
        choice, form = prompt.tool_choice, prompt.response_format
        count = prompt_tokens(prompt.messages, model, prompt.tools, tool_choice=choice, response_format=form)
    return replace(count, exact=False, notes=(*count.notes, *prompt.notes)) if prompt.notes else count


def _continued(texts: Sequence[str | Sequence[int]], model: str | Encoding) -> Count:
    """The tokens of plain texts, around which nothing is put."""
    sizes = [TokenCounter(model).feed(text) if isinstance(text, str) else len(text) for text in texts]
    exact = isinstance(model, str) and resolve(model).exact
    return Count(sum(sizes), exact=exact, notes=() if exact else ("the tokenizer may be another",))

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
    """The tokens of the prompt in the JSON ``body`` of a request; whatever is in it, as a server may accept it.

    Raises what a strange form makes it raise.
    """
    asked = api_named(api).prompt(body)
    if asked.texts is not None:
        count = _continued(asked.texts, model)
    else:
        choice, form = asked.tool_choice, asked.response_format
        count = prompt_tokens(asked.messages, model, asked.tools, tool_choice=choice, response_format=form)
    return replace(count, exact=False, notes=(*count.notes, *asked.notes)) if asked.notes else count


def _continued(texts: Sequence[str | Sequence[int]], model: str | Encoding) -> Count:
    """Nothing is put around a plain prompt."""
    sizes = [TokenCounter(model).feed(text) if isinstance(text, str) else len(text) for text in texts]
    exact = isinstance(model, str) and resolve(model).exact
    return Count(sum(sizes), exact=exact, notes=() if exact else ("the tokenizer may be another",))

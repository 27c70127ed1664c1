"""What a meter needs to know of a reply's tokens, once its model is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..protocols import Encoding
from .counter import TokenCounter
from .encodings import is_loaded, load
from .models import CURRENT, resolve
from .prompt import Count, prompt_tokens

__all__ = ["Gauge"]


class Gauge:
    """Makes the counters of a reply. The vocabulary is loaded here: that of ``model`` (or a tokenizer), else that of
    current models. A reply of a model with another tokenizer is then counted with this one, and not exact.

    ``prompt`` (messages or a str) and ``tools`` are what was asked, if the prompt is to be counted too.
    """

    def __init__(
        self,
        model: str | Encoding | None = None,
        *,
        prompt: str | Sequence[Mapping[str, Any]] | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        self._prompt, self._tools = prompt, tools
        self._model = model
        if model is None:
            load(CURRENT)
        else:
            TokenCounter(model)

    def counter(self, model: str) -> TokenCounter:
        """A fresh counter for a reply of ``model``."""
        return TokenCounter.ready(model) if self._model is None else TokenCounter(self._model)

    def prompt(self, model: str) -> Count | None:
        """The tokens of the prompt for ``model``; None if it was not given."""
        if self._prompt is None:
            return None
        name = self._model if isinstance(self._model, str) else model
        return prompt_tokens(self._prompt, name if is_loaded(resolve(name).encoding) else CURRENT, self._tools)

    def thinks(self, model: str) -> bool:
        """Whether ``model`` may bill for thinking that it does not show."""
        return resolve(self._model if isinstance(self._model, str) else model).thinks

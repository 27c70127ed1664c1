"""The token counters of a reply, which a meter makes once the model is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..messages import Messages
from ..protocols import Encoding
from .counter import TokenCounter
from .encodings import is_loaded, load_encoding
from .models import CURRENT, resolve
from .prompt import Count, check_request, prompt_tokens
from .request_tokens import request_tokens
from .rough import Rough, RoughEncoding

__all__ = ["ReplyTokens"]


class ReplyTokens:
    """Makes the counters of a reply. The vocabulary is loaded here: that of ``encoding`` (a model, an encoding or a
    tokenizer), else that of current models. A reply of a model with another tokenizer is then counted with this one,
    and not exact, unless its own was loaded before. RuntimeError as for `TokenCounter`; with ``estimates`` text is
    counted as `Rough` does instead, and ``lacks`` has the reason.

    ``prompt`` (messages or a str) and ``tools`` are those of the request, where they cannot be read from it.
    """

    def __init__(
        self,
        encoding: str | Encoding | None = None,
        *,
        prompt: Messages | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        estimates: bool = False,
    ) -> None:
        turns = check_request(prompt or "", tools)
        self._encoding, self._prompt, self._tools = encoding, turns if prompt is not None else None, tools
        self.lacks = ""
        try:
            if encoding is None:
                load_encoding(CURRENT)
            else:
                TokenCounter(encoding)
        except RuntimeError as exc:
            if not estimates:
                raise
            self.lacks = str(exc)

    def counter(self, model: str) -> TokenCounter | Rough:
        """A fresh counter for a reply of ``model``."""
        if self.lacks:
            return Rough()
        return TokenCounter.ready(model) if self._encoding is None else TokenCounter(self._encoding)

    def prompt(self, model: str, api: str = "chat", body: Mapping[str, Any] | None = None) -> Count | None:
        """The tokens of the prompt for ``model``: of the ``prompt`` given, else of the ``body`` of a request. None if
        there is neither, or if it cannot be counted."""
        encoding = RoughEncoding() if self.lacks else self._encoding
        if encoding is None:
            encoding = model if is_loaded(resolve(model).encoding) else CURRENT
        try:
            if self._prompt is not None:
                return prompt_tokens(self._prompt, encoding, self._tools)
            return request_tokens(api, body, encoding) if body is not None else None
        except Exception:  # a body holds whatever the caller sent, which is not a reason to break a reply
            return None

    def thinks(self, model: str) -> bool:
        """True if ``model`` may bill for thinking that it does not show."""
        return resolve(self._encoding if isinstance(self._encoding, str) else model).thinks

"""The dialect of legacy completions: that of chat completions, with plain text in place of a delta."""

from __future__ import annotations

from typing import Any

from ..fields import text_field
from .chat import Chat

__all__ = ["Completions"]


class Completions(Chat):
    """The dialect of ``/completions``; also that of chat completions if it is not known which of the two a reply
    has."""

    def _delta(self, form: dict[str, Any], index: int) -> dict[str, Any]:
        if form.get("delta") or "text" not in form:
            return super()._delta(form, index)
        text = text_field(form, "text")
        if text:
            self._streamed.add(index)
        return {"content": text}

"""JSON text into values or pydantic models, with errors of our own family."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .errors import MalformedError, excerpt

if TYPE_CHECKING:
    from .events import Reply

__all__ = ["parse_json"]


def parse_json(text: str, model: Any, what: str, partial: Reply | None = None) -> Any:
    """``text`` as a value, validated if ``model`` (any type pydantic understands) is given."""
    try:
        if model is None:
            return json.loads(text)
        return _adapter(model).validate_json(text)
    except (ValueError, RecursionError) as exc:  # pydantic's ValidationError is a ValueError
        raise MalformedError(f"the {what} is not valid: {excerpt(str(exc))}", partial=partial) from exc


@lru_cache(maxsize=128)
def _adapter(model: Any) -> Any:
    from pydantic import TypeAdapter  # costs 40 ms: only where it is used

    return TypeAdapter(model)

"""JSON text and values of JSON into pydantic models, with the errors of this package."""

from __future__ import annotations

import json
import re
from dataclasses import is_dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, get_args

from ..checks import quote
from ..errors import MalformedError
from ..wording import excerpt, said

if TYPE_CHECKING:
    from ..events import Reply

__all__ = ["adapter_of", "parse_json", "reason_of", "validate", "validated"]

# The beginning of JSON in prose or fences, by the same rule as in the stages that read JSON while it grows.
START = re.compile(
    r'^[ \t\r\ufeff]*(?=\{[ \t\n\r]*["}]|\[[ \t\n\r]*[]["{\-0-9tfnNI])|(?=\{[ \t\n\r]*"|\[[ \t\n\r]*["{])', re.MULTILINE
)
DECODER = json.JSONDecoder(strict=False)  # models write raw line ends into strings


def parse_json(text: str, model: Any, what: str, partial: Reply | None = None) -> Any:
    """``text`` as a value, validated if ``model`` (any type pydantic understands) is given.

    Prose and fences around the JSON, and control characters within strings, are accepted.
    """
    try:
        if model is not None:
            try:
                return adapter_of(model).validate_json(text)
            except ValueError as exc:
                if not _is_invalid_json(exc):
                    raise
        value = _loads(text)
        return value if model is None else validated(value, model)
    except (ValueError, RecursionError) as exc:  # pydantic's ValidationError is a ValueError
        raise MalformedError(f"not valid: the {what}: {reason_of(exc)}", partial=partial) from exc


def validate(value: Any, model: Any, what: str) -> Any:
    """``value``, which came out of JSON, as an instance of ``model``; `MalformedError` if it does not fit."""
    try:
        return validated(value, model)
    except (ValueError, RecursionError) as exc:
        raise MalformedError(f"the {what} does not fit {_name(model)}: {reason_of(exc)}") from exc


def _loads(text: str) -> Any:
    try:
        return DECODER.decode(text.strip(" \t\n\r\ufeff"))
    except ValueError:
        text = text.lstrip(" \t\n\r\ufeff")
        start = START.search(text)
        if text.startswith('"'):
            return DECODER.raw_decode(text)[0]
        if start is None:
            raise
        return DECODER.raw_decode(text, start.end())[0]


def validated(value: Any, model: Any) -> Any:
    """``value`` as an instance of ``model``, by way of JSON text: pydantic is strict about Python objects where it
    accepts the same as JSON (dates, tuples, enums)."""
    adapter = adapter_of(model)
    try:
        return adapter.validate_json(json.dumps(value))
    except ValueError as exc:
        if not _is_invalid_json(exc):
            raise
        return adapter.validate_python(value)  # lone surrogates, which pydantic's reader of JSON refuses


def _is_invalid_json(exc: ValueError) -> bool:
    errors = getattr(exc, "errors", None)
    return errors is not None and errors()[0]["type"] == "json_invalid"


def reason_of(exc: Exception) -> str:
    """The reason of a failure, as messages give it: for a ValidationError, the place and reason of the first few
    errors."""
    get_errors = getattr(exc, "errors", None)
    if get_errors is None:
        return said(exc)
    errors = get_errors(include_url=False, include_context=False)
    reasons = [f"{'.'.join(map(str, error['loc']))}: {error['msg']}".removeprefix(": ") for error in errors[:3]]
    return excerpt("; ".join(reasons) + (f" (and {len(errors) - 3} more)" if len(errors) > 3 else ""))


def _name(model: Any) -> str:
    return model.__name__ if isinstance(model, type) and not get_args(model) else str(model)


def adapter_of(model: Any) -> Any:
    """pydantic's validator of a type; TypeError if it does not understand the type."""
    try:
        hash(model)
    except TypeError:  # an annotation may hold any object
        return _new_adapter(model)
    return _known_adapter(model)


def _new_adapter(model: Any) -> Any:
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    if not isinstance(model, type) and (hasattr(model, "model_dump") or is_dataclass(model)):
        kind = type(model).__name__
        raise TypeError(f"model is the class {kind}, not an instance: write {kind}")
    if isinstance(model, (str, bytes, int, float, list, tuple, dict)):
        raise TypeError(f"model is a class or another type, not {quote(model)}")
    try:
        return TypeAdapter(model)
    except PydanticUserError as exc:
        raise TypeError(f"there is no schema for {model!r}: {excerpt(str(exc).partition(chr(10))[0])}") from exc


_known_adapter = lru_cache(maxsize=512)(_new_adapter)

"""The fields of a request that are added to what the caller asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

__all__ = ["Suggested", "refused_suggestions", "without_suggestions"]


class Suggested(list[str]):
    """The value of a field that the caller did not give. A server that refuses it gets the request without it."""


def refused_suggestions(body: Mapping[str, Any], told: str) -> set[str]:
    """The names of suggested fields that the error of a server names."""
    return {name for name, value in body.items() if isinstance(value, Suggested) and name in told}


def without_suggestions(body: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The body of a request without the suggested fields of these names."""
    return {name: value for name, value in body.items() if not (name in names and isinstance(value, Suggested))}

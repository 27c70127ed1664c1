"""The APIs by their names. Each is loaded when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .api import Api

__all__ = ["APIS", "api_named"]

TABLE = {
    "chat": "openai.CHAT",
    "completions": "openai.COMPLETIONS",
    "responses": "openai.RESPONSES",
}
"""For each name the module of this room, and the name in there."""


class _Apis(Mapping[str, "Api"]):
    """The table, with what its entries stand for."""

    def __getitem__(self, name: str) -> Api:
        module, _, entry = TABLE[name].partition(".")
        api: Api = getattr(import_module(f".{module}", __package__), entry)
        return api

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in TABLE

    def __iter__(self) -> Iterator[str]:
        return iter(TABLE)

    def __len__(self) -> int:
        return len(TABLE)


APIS: Mapping[str, Api] = _Apis()


def api_named(name: str) -> Api:
    """The API of this name; ValueError if there is none."""
    if name not in APIS:
        raise ValueError(f"unknown api {name!r}: one of {', '.join(TABLE)}")
    return APIS[name]

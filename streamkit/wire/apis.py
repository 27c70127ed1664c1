"""The APIs by their names. Each is loaded when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import Api

__all__ = ["APIS", "GENERAL", "api_named", "owner"]

TABLE = {
    "chat": "openai.CHAT",
    "completions": "openai.COMPLETIONS",
    "responses": "openai.RESPONSES",
    "anthropic": "anthropic.MESSAGES",
    "gemini": "gemini.GENERATE",
    "ollama": "ollama.CHAT",
}
"""For each name the module of this room, and the name in there."""
GENERAL = "completions"
"""The one that reads what is of no API in particular, and chunks of chat and of completions however they are mixed."""


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


def owner(form: Any) -> Api | None:
    """The API that an object is of, as a library gives it (a chunk or a whole reply); None if it may be of any.

    Of several that own it and stand together in the table, it is the last: completions read what chat says, too.
    """
    found = None
    for api in APIS.values() if isinstance(form, dict) else ():
        if api.owns(form):
            found = api
        elif found is not None:
            break  # those further on need not be loaded
    return found

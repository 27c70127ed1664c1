"""The APIs by their names. Each is loaded when it is first used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import Api

__all__ = ["APIS", "FALLBACK_API", "api_named", "owning_api"]

TABLE = {
    "chat": "openai.CHAT",
    "completions": "openai.COMPLETIONS",
    "responses": "openai.RESPONSES",
    "anthropic": "anthropic.MESSAGES",
    "gemini": "gemini.GENERATE",
    "ollama": "ollama.CHAT",
}
"""For each name of an API the room of its provider, and the name of the `Api` in there."""
FALLBACK_API = "completions"
"""The API that reads chunks which do not belong to a particular API, and any mix of chunks of chat and completions."""


class _Apis(Mapping[str, "Api"]):
    """The `Api` objects that the entries of the table stand for."""

    def __getitem__(self, name: str) -> Api:
        return _load(TABLE[name])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in TABLE

    def __iter__(self) -> Iterator[str]:
        return iter(TABLE)

    def __len__(self) -> int:
        return len(TABLE)


@cache
def _load(entry: str) -> Api:
    module, _, name = entry.partition(".")
    api: Api = getattr(import_module(f".{module}", __package__), name)
    return api


APIS: Mapping[str, Api] = _Apis()


def api_named(name: str) -> Api:
    """The API of this name; ValueError if there is none."""
    if name not in APIS:
        raise ValueError(f"unknown api {name!r}: one of {', '.join(TABLE)}")
    return APIS[name]


def owning_api(form: Any) -> Api | None:
    """The API of an object as a library gives it (a chunk or a whole reply); None if it may be of any API.

    If several that stand together in the table own it, the last one is returned: completions read chunks of chat, too.
    """
    last_owner = None
    for api in APIS.values() if isinstance(form, dict) else ():
        if api.owns(form):
            last_owner = api
        elif last_owner is not None:
            break  # the APIs further on need not be loaded
    return last_owner

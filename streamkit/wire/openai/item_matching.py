"""Matches whole items, which come one by one or in the final list of the response, with the items that were streamed.

At the end ids and positions may be others, and the list may be longer or shorter than the one that was streamed. So
each item of the list is matched with the one of its id, else with one of the same text, else with the next of its kind.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeAlias

from ..fields import Chunk, text_field
from ..json_codec import canonical
from .item_text import same_text
from .output_items import OutputItem
from .response_forms import arguments_of, item_kind, texts_of

__all__ = ["final_items", "may_complete"]

Rule: TypeAlias = "tuple[Callable[[Chunk], Iterable[Any]], Callable[[OutputItem], Iterable[Any]]]"


def may_complete(item: OutputItem, form: Chunk, preferred: str) -> bool:
    """True if ``form`` may be the complete form of ``item``."""
    if item.kind == "call":
        return item.may_be_call(text_field(form, "name"), arguments_of(form))
    texts = dict(texts_of(form, item.source, preferred))
    if item.empty or any(item.text(text_kind).may_hold(text) for text_kind, text in texts.items()):
        return True
    return not any(texts_of(form, "", preferred))


def final_items(
    output: Any, items: list[OutputItem], preferred: str
) -> Iterator[tuple[Chunk, OutputItem | None, bool]]:
    """The items of the final list, each with the streamed item that it matches, or with None if it was not streamed,
    and true if it may hold more than was emitted."""
    forms = [form for form in (output if isinstance(output, list) else ()) if isinstance(form, dict)]
    pairs: dict[int, OutputItem | None] = {}
    new: set[int] = set()
    texts_in = partial(_texts_in, preferred=preferred)
    for kind in ("message", "reasoning", "call"):
        in_list = {number: form for number, form in enumerate(forms) if item_kind(form) == kind}
        streamed = [item for item in items if item.kind == kind and (kind == "call" or not item.empty)]
        empty = [item for item in items if item.kind == kind and kind != "call" and item.empty]
        if kind == "call":
            pairs |= _pair(in_list, streamed, (_ids_in, _ids_of), (_calls_in, _calls_of), (_name_in, _name_of))
            new |= in_list.keys()
        else:
            new |= in_list.keys() if not _all_emitted(in_list, streamed, preferred) else set()
            pairs |= _pair(in_list, streamed, (_ids_in, _ids_of), (texts_in, _texts_of))
            rest = {number: form for number, form in in_list.items() if pairs[number] is None}
            pairs |= _pair(rest, [*_unpaired(streamed, pairs), *empty], (_ids_in, _ids_of), (_any, _any))
    for number, form in enumerate(forms):
        yield form, pairs.get(number), number in new


def _unpaired(items: list[OutputItem], pairs: dict[int, OutputItem | None]) -> list[OutputItem]:
    paired = {id(item) for item in pairs.values()}
    return [item for item in items if id(item) not in paired]


def _pair(forms: dict[int, Chunk], items: list[OutputItem], *rules: Rule) -> dict[int, OutputItem | None]:
    """Each form with the first item that shares a key with it; no item is used twice, and earlier rules go first."""
    pairs: dict[int, OutputItem | None] = {}
    unpaired = dict.fromkeys(items)
    for keys_in, keys_of in rules:
        table: dict[Any, deque[OutputItem]] = {}
        for item in unpaired:
            for key in keys_of(item):
                table.setdefault(key, deque()).append(item)
        for number, form in forms.items():
            match = None if number in pairs else _first(keys_in(form), table, unpaired)
            if match is not None:
                pairs[number] = match
                del unpaired[match]
    return dict.fromkeys(forms) | pairs


def _first(
    keys: Iterable[Any], table: dict[Any, deque[OutputItem]], unpaired: dict[OutputItem, None]
) -> OutputItem | None:
    for key in keys:
        waiting = table.get(key, deque())
        while waiting:
            item = waiting.popleft()
            if item in unpaired:
                return item
    return None


def _all_emitted(forms: dict[int, Chunk], items: list[OutputItem], preferred: str) -> bool:
    """True if all text of ``forms`` was emitted, even if in other items than they say."""
    whole: dict[str, list[str]] = {}
    for form in forms.values():
        for text_kind, text in texts_of(form, "", preferred):
            whole.setdefault(text_kind, []).append(text)
    return bool(items) and all(
        same_text("".join(texts), "".join(item.text(text_kind).text for item in items))
        for text_kind, texts in whole.items()
    )


# the keys of forms and of items by which they are paired


def _ids_in(form: Chunk) -> Iterable[Any]:
    return [id for id in (form.get("call_id"), form.get("id")) if isinstance(id, str) and id]


def _ids_of(item: OutputItem) -> Iterable[Any]:
    return {item.call_id, *item.ids}


def _texts_in(form: Chunk, preferred: str) -> Iterable[Any]:
    return [(text_kind, text.strip()) for text_kind, text in texts_of(form, "", preferred)]


def _texts_of(item: OutputItem) -> Iterable[Any]:
    return [(text_kind, item.text(text_kind).text.strip()) for text_kind in ("text", "refusal", "reasoning")]


def _calls_in(form: Chunk) -> Iterable[Any]:
    arguments = canonical(arguments_of(form))
    return (text_field(form, "name"), arguments), ("", arguments)


def _calls_of(item: OutputItem) -> Iterable[Any]:
    return [] if item.empty else [(item.name, canonical(item.text("arguments").text))]


def _name_in(form: Chunk) -> Iterable[Any]:
    return text_field(form, "name"), ""


def _name_of(item: OutputItem) -> Iterable[Any]:
    return [item.name] if item.lacks_arguments else []


def _any(thing: Any) -> Iterable[Any]:
    return [None]

"""What a whole item tells of items that came before, one by one or in the final list of the response.

By the end ids and positions may be others, and the list may be longer or shorter than what was streamed. So each of
its items is taken for the one with its id, else for one that said the same, else for the next of its kind.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeAlias

from ..fields import Chunk, text_field
from ..jsoncodec import canonical
from .itemtext import same_text
from .outputitems import OutputItem
from .responseforms import arguments_of, item_kind, texts_of

__all__ = ["final_items", "may_complete"]

Rule: TypeAlias = "tuple[Callable[[Chunk], Iterable[Any]], Callable[[OutputItem], Iterable[Any]]]"


def may_complete(item: OutputItem, form: Chunk, preferred: str) -> bool:
    """Whether ``form`` may be the whole of ``item``."""
    if item.kind == "call":
        return item.may_be_call(text_field(form, "name"), arguments_of(form))
    texts = dict(texts_of(form, item.source, preferred))
    if item.empty or any(item.text(word).may_hold(text) for word, text in texts.items()):
        return True
    return not any(texts_of(form, "", preferred))


def final_items(output: Any, items: list[OutputItem], preferred: str) -> Iterator[tuple[Chunk, OutputItem | None]]:
    """Items of the final list that may have something left to say, each with the one that it tells of, or with None
    if it came nowhere before."""
    forms = [form for form in (output if isinstance(output, list) else ()) if isinstance(form, dict)]
    pairs: dict[int, OutputItem | None] = {}
    for kind in ("message", "reasoning", "call"):
        ours = {number: form for number, form in enumerate(forms) if item_kind(form) == kind}
        theirs = [item for item in items if item.kind == kind and (kind == "call" or not item.empty)]
        if kind == "call":
            pairs |= _paired(ours, theirs, (_ids_in, _ids_of), (_calls_in, _calls_of), (_name_in, _name_of))
        elif not _covered(ours, theirs, preferred):
            texts_in = partial(_texts_in, preferred=preferred)
            pairs |= _paired(ours, theirs, (_ids_in, _ids_of), (texts_in, _texts_of), (_any, _any))
    for number in sorted(pairs):
        yield forms[number], pairs[number]


def _paired(forms: dict[int, Chunk], items: list[OutputItem], *rules: Rule) -> dict[int, OutputItem | None]:
    """Each form with the first item that has a key of it, no item twice; an earlier rule goes first."""
    pairs: dict[int, OutputItem | None] = {}
    left = dict.fromkeys(items)
    for keys_in, keys_of in rules:
        table: dict[Any, deque[OutputItem]] = {}
        for item in left:
            for key in keys_of(item):
                table.setdefault(key, deque()).append(item)
        for number, form in forms.items():
            found = None if number in pairs else _first(keys_in(form), table, left)
            if found is not None:
                pairs[number] = found
                del left[found]
    return dict.fromkeys(forms) | pairs


def _first(keys: Iterable[Any], table: dict[Any, deque[OutputItem]], left: dict[OutputItem, None]) -> OutputItem | None:
    for key in keys:
        waiting = table.get(key, deque())
        while waiting:
            item = waiting.popleft()
            if item in left:
                return item
    return None


def _covered(forms: dict[int, Chunk], items: list[OutputItem], preferred: str) -> bool:
    """Whether all that ``forms`` tell was said, even if the items were taken for others."""
    whole: dict[str, list[str]] = {}
    for form in forms.values():
        for word, text in texts_of(form, "", preferred):
            whole.setdefault(word, []).append(text)
    return all(
        same_text("".join(texts), "".join(item.text(word).text for item in items)) for word, texts in whole.items()
    )


# the keys of forms and of items by which they are paired


def _ids_in(form: Chunk) -> Iterable[Any]:
    return [id for id in (form.get("call_id"), form.get("id")) if isinstance(id, str) and id]


def _ids_of(item: OutputItem) -> Iterable[Any]:
    return {item.call_id, *item.ids}


def _texts_in(form: Chunk, preferred: str) -> Iterable[Any]:
    return [(word, text.strip()) for word, text in texts_of(form, "", preferred)]


def _texts_of(item: OutputItem) -> Iterable[Any]:
    return [(word, item.text(word).text.strip()) for word in ("text", "refusal", "reasoning")]


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

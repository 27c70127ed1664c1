"""A reply as items of the Responses API.

A reasoning item and what it led to go back together or not at all, else the API answers "was provided without its
required following item" or "without its required 'reasoning' item" (openai/openai-node #1567, openai/openai-python
#3008). So the items are taken in groups: reasoning, and all that follows it up to the next reasoning. Where one half is
missing (it was cut, changed or not stored) the reasoning is left out and the others go back without their ids, which
are what refers to it; the tools that the server ran, which must have an id, are left out as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .piece import Call, Piece
from .slots import Kind, fill, slot, slot_kind, slots_in

__all__ = ["UNBOUND", "responses_turn", "unbound_item"]

Item = dict[str, Any]

REASONING = "reasoning"
MESSAGE = "message"
PARTS = ("summary", "content")
"""The fields of an item that hold parts."""
CALLS = ("function_call", "custom_tool_call", "shell_call", "apply_patch_call")
"""Items that need an answer and may stand without an id."""
NAMED = ("computer_call", "local_shell_call")
"""Items that need an answer, and an id."""
UNBOUND = ("compaction", "mcp_list_tools")
"""Items that no reasoning leads to."""
ANSWERED = (*CALLS, *NAMED, "mcp_approval_request")


def responses_turn(pieces: Sequence[Piece]) -> list[Item]:
    """The items in the order of the reply.

    Text that is in no item is a message without an id, and so is text whose item did not come whole. Where it is not
    known which reasoning led to what, no reasoning goes back.
    """
    is_whole = not any(piece.lost or (piece.kind == REASONING and piece.form == {}) for piece in pieces)
    answered = {form.get("call_id") for form in map(_form, pieces) if form.get("type", "").endswith("_output")}
    kept = [_without_open_call(piece, answered) for piece in pieces]
    return [item for group in _groups(kept) for item in _items(group, is_whole)]


def _form(piece: Piece) -> Item:
    return piece.form or {}


def _without_open_call(piece: Piece, answered: set[Any]) -> Piece:
    """The piece; an empty one in place of an item that needs an answer, if the reply was cut before it came."""
    form = _form(piece)
    is_open = piece.cut and form.get("type") in ANSWERED and form.get("call_id") not in answered
    return Piece() if is_open else piece


def _groups(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """The pieces, cut before each reasoning that does not follow another."""
    group: list[Piece] = []
    for piece in pieces:
        if piece.kind == REASONING and group and group[-1].kind != REASONING:
            yield group
            group = []
        group.append(piece)
    yield group


def _items(group: list[Piece], is_whole: bool) -> list[Item]:
    made = [(piece, _item(piece)) for piece in group if piece.kind != MESSAGE or piece.text or piece.refusal]
    thoughts = [item for piece, item in made if piece.kind == REASONING]
    others = [item for piece, item in made if piece.kind != REASONING]
    led = others[0] if others else None
    if is_whole and (not thoughts or (all(thoughts) and led is not None and "type" in led)):
        return [item for _, item in made if item is not None]
    return [item for piece, _ in made if (item := _unbound(piece)) is not None]


def _item(piece: Piece) -> Item | None:
    """The item of a piece; one without a type if it is a message that was made for its text."""
    if piece.call is not None:
        return _call_item(piece.call)
    form = fill(piece)
    if form is None and piece.form:
        form = fill(replace(piece, form=_in_one_part(piece.form)))
    return form or _plain_message(piece)


def _in_one_part(form: Item) -> Item:
    """The form of a block whose texts were changed, so that the ends of its parts are not known: all text of a kind
    belongs to the first part of that kind. Annotations refer to places in it."""
    changed = dict(form)
    for name in (name for name in PARTS if isinstance(form.get(name), list)):
        kinds = [_slot_kind(part) for part in form[name]]
        changed[name] = [
            part if kind is None else _with_all(part, kind)
            for place, (part, kind) in enumerate(zip(form[name], kinds, strict=True))
            if kind is None or kind not in kinds[:place]
        ]
    return changed


def _slot_kind(part: Any) -> Kind | None:
    """The kind of text for which a part has a slot."""
    return next(map(slot_kind, slots_in(part)), None)


def _with_all(part: Item, kind: Kind) -> Item:
    """A part that has all text of a kind."""
    filled = {name: slot(kind) if slot_kind(value) == kind else value for name, value in part.items()}
    return {**filled, "annotations": []} if "annotations" in part else filled


def _unbound(piece: Piece) -> Item | None:
    """The item of a piece without any reference to reasoning; None if it cannot be without."""
    item = _item(piece)
    return item if item is None or "type" not in item else unbound_item(item)


def unbound_item(item: Mapping[str, Any]) -> Item | None:
    """An item without its id, which refers to the reasoning that led to it; None if it cannot be without."""
    kind = item.get("type")
    if kind == REASONING:
        return None
    if kind in NAMED or kind in UNBOUND or "id" not in item:
        return dict(item)
    if kind in CALLS:
        return {name: value for name, value in item.items() if name != "id"}
    return _plain_text(_text_in(item.get("content")), item) if kind == MESSAGE else None


def _text_in(content: Any) -> str:
    parts = [part for part in content if isinstance(part, Mapping)] if isinstance(content, (list, tuple)) else []
    texts = [str(part.get("text") or part.get("refusal") or "") for part in parts]
    return content if isinstance(content, str) else "".join(texts)


def _plain_message(piece: Piece) -> Item | None:
    return _plain_text(piece.text + piece.refusal, _form(piece))


def _plain_text(text: str, form: Mapping[str, Any]) -> Item | None:
    """A message without an id, which holds nothing but text (openai/openai-python: types of input items); ``phase`` is
    kept, as models stop early without it (vercel/ai #12860)."""
    phase = {"phase": form["phase"]} if form.get("phase") else {}
    return {"role": "assistant", "content": text, **phase} if text else None


def _call_item(call: Call) -> Item:
    extra = call.extra or {}
    kind = extra.get("type", "function_call")
    own = {"type": kind, **extra, "call_id": call.id, "name": call.name}
    return own | ({"input": call.arguments} if kind == "custom_tool_call" else {"arguments": call.arguments or "{}"})

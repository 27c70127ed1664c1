"""Segments that are a block, or several: their words are known without what follows."""

from __future__ import annotations

import re

from .blocks import NEWLINE, BlockTracker
from .edits import apply_edits
from .inline import INTERESTING, Inline
from .links import MASKED

__all__ = ["is_definition", "strip_markdown"]

_HEADING = re.compile(r"[ \t]*#{1,6}(?:[ \t]+|\Z)")
_HEADING_END = re.compile(r"(?:(?<=[ \t])|\A)#+\Z")
_ROW_RULE = re.compile(r"[|\s:-]+")
_PIPE = re.compile(r"(?<!\\)\|")
_DEFINITION = re.compile(
    r"\[(?!\^)((?:[^\[\]\\]|\\.){1,999}+)\]:\s*(?:<[^<>]*>|(?=\S*(?:[/#]|\w:|\w\.[^\W\d]))[^\s<(]\S*)"
    r"(?:\s+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?\s*"
)
"""The address has one of the signs of one, or stands in ``<>``: ``[Ann]: Yes.`` is what Ann says."""


def strip_markdown(text: str, kind: str) -> str:
    """The words of a segment of that kind; those of a paragraph line by line, for there may be lists in it."""
    match kind:
        case "code" | "maths":
            return text
        case "rule":
            return ""
        case "heading":
            return _heading(text)
        case "table_row":
            return _table_row(text)
    return "\n".join(words for words in map(_block, _blocks(text)) if words)


def is_definition(text: str) -> bool:
    """Whether it is the definition of a link, which is not shown: `[label]: address "title"`."""
    found = _DEFINITION.fullmatch(text) if text.startswith("[") else None
    return found is not None and found[1] != MASKED


def _heading(text: str) -> str:
    found = _HEADING.match(text)
    rest = text[found.end() :] if found else text
    return _inline(_HEADING_END.sub("", rest.rstrip()).strip())


def _table_row(text: str) -> str:
    """The cells, with commas between; "" for the line below the names. Only escaped pipes are text, also in code."""
    if _ROW_RULE.fullmatch(text):
        return ""
    cells = (_inline(cell.strip().replace("\\|", "|")) for cell in _PIPE.split(text.strip()))
    return ", ".join(cell for cell in cells if cell)


def _blocks(text: str) -> list[tuple[str, str]]:
    """The kinds and texts of the blocks in several lines."""
    found: list[tuple[str, list[str]]] = []
    blocks = BlockTracker()
    for line in NEWLINE.split(text):
        kind = blocks.kind(line)
        if kind != "sentence":
            blocks.leave()
            found.append((kind, [line]))
            continue
        rest, begins = blocks.take(line)
        if begins:
            found.append((kind, []))
        found[-1][1].append(rest)
        if begins and is_definition(rest):
            blocks.leave()
    return [(kind, "\n".join(lines)) for kind, lines in found]


def _block(one: tuple[str, str]) -> str:
    kind, text = one
    if kind != "sentence":
        return strip_markdown(text, kind)
    return "" if is_definition(text) else _inline(text)


def _inline(text: str) -> str:
    return apply_edits(text, 0, len(text), Inline(text).edits).strip() if INTERESTING.search(text) else text.strip()

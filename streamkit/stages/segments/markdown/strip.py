"""Markdown stripped from whole blocks, whose text does not depend on the text after them."""

from __future__ import annotations

import re

from .blocks import NEWLINE, BlockTracker
from .edits import apply_edits
from .inline import INTERESTING, InlineMarks
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
"""The address has a sign of an address, or stands in ``<>``: ``[Ann]: Yes.`` is what Ann says, not a definition."""


def strip_markdown(text: str, kind: str) -> str:
    """The text of a segment of that kind without Markdown; a paragraph block by block, for it may contain lists."""
    match kind:
        case "code" | "maths":
            return text
        case "rule":
            return ""
        case "heading":
            return _strip_heading(text)
        case "table_row":
            return _strip_table_row(text)
    return "\n".join(stripped for stripped in map(_strip_block, _blocks(text)) if stripped)


def is_definition(text: str) -> bool:
    """True for the definition of a link, which is not shown: `[label]: address "title"`."""
    match = _DEFINITION.fullmatch(text) if text.startswith("[") else None
    return match is not None and match[1] != MASKED


def _strip_heading(text: str) -> str:
    match = _HEADING.match(text)
    rest = text[match.end() :] if match else text
    return _strip_inline(_HEADING_END.sub("", rest.rstrip()).strip())


def _strip_table_row(text: str) -> str:
    """The cells, with commas between; "" for the line below the header. Only escaped pipes are text, also in code."""
    if _ROW_RULE.fullmatch(text):
        return ""
    cells = (_strip_inline(cell.strip().replace("\\|", "|")) for cell in _PIPE.split(text.strip()))
    return ", ".join(cell for cell in cells if cell)


def _blocks(text: str) -> list[tuple[str, str]]:
    """The kinds and texts of the blocks in several lines."""
    blocks: list[tuple[str, list[str]]] = []
    tracker = BlockTracker()
    for line in NEWLINE.split(text):
        kind = tracker.kind(line)
        if kind != "sentence":
            tracker.leave()
            blocks.append((kind, [line]))
            continue
        rest, begins = tracker.take(line)
        if begins:
            blocks.append((kind, []))
        blocks[-1][1].append(rest)
        if begins and is_definition(rest):
            tracker.leave()
    return [(kind, "\n".join(lines)) for kind, lines in blocks]


def _strip_block(block: tuple[str, str]) -> str:
    kind, text = block
    if kind != "sentence":
        return strip_markdown(text, kind)
    return "" if is_definition(text) else _strip_inline(text)


def _strip_inline(text: str) -> str:
    return (
        apply_edits(text, 0, len(text), InlineMarks(text).edits).strip() if INTERESTING.search(text) else text.strip()
    )

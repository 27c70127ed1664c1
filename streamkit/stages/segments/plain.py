"""Markdown to what a voice would read."""

from __future__ import annotations

import re

__all__ = ["plain"]

_TARGET = r"\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"]*\")?\)"
_LINK = re.compile(rf"!?\[([^\[\]]*)\]{_TARGET}")
_FOOTNOTE = re.compile(r"\[\^?\d{1,3}\]")
_TAG = re.compile(r"</?[A-Za-z][\w-]*(?:\s[^<>]*)?/?>")
_CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_STARS = re.compile(r"(?<!\w)(\*{1,3}|_{1,3}|~~)(?=\S)(.+?)(?<=\S)\1(?!\w)|(\*{1,3}|~~)(?=\S)(.+?)(?<=\S)\3", re.DOTALL)
_LOOSE = re.compile(r"\*\*|__(?!\w)|(?<!\w)__|~~")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|>~])")
_BULLET = re.compile(r"(?:>[ \t]?)*[ \t]*(?:[-*+•‣◦▪●○](?:[ \t]+|\Z))?(?:\[[ xX]\](?:[ \t]+|\Z))?")
_ROW_RULE = re.compile(r"[|\s:-]+")


def plain(text: str, kind: str) -> str:
    """The words of a segment without their marks; "" if nothing is left to say. Numbers of list items stay."""
    match kind:
        case "code":
            return text
        case "rule":
            return ""
        case "heading":
            return _inline(text.strip("#").strip())
        case "table_row":
            cells = [] if _ROW_RULE.fullmatch(text) else text.strip().strip("|").split("|")
            return ", ".join(cell for cell in (_inline(cell.strip()) for cell in cells) if cell)
    found = _BULLET.match(text)
    return _inline(text[found.end() :] if found else text)


def _inline(text: str) -> str:
    code: list[str] = []

    def hide(found: re.Match[str]) -> str:
        code.append(found[2].strip())
        return f"\0{len(code) - 1}\0"

    text = _CODE.sub(hide, text.replace("\0", ""))
    text = _FOOTNOTE.sub("", _LINK.sub(r"\1", text))
    text = _TAG.sub("", text)
    for _ in range(3):  # bold in italics in strike-through
        text = _STARS.sub(lambda found: found[2] or found[4], text)
    text = _ESCAPE.sub(r"\1", _LOOSE.sub("", text))
    return re.sub(r"\0(\d+)\0", lambda found: code[int(found[1])], text).strip()

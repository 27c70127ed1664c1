"""Tags, comments, addresses between ``<>``, and entities (CommonMark 0.31, sections 2.5, 6.5 and 6.6)."""

from __future__ import annotations

import re
import unicodedata
from html.entities import html5

__all__ = ["AUTOLINK", "CLOSING", "ENTITY", "INVISIBLE", "SILENT", "TAG", "TAG_SO_FAR", "character", "is_break"]

_WORD, _NAME = "[A-Za-z][A-Za-z0-9-]*+", "[A-Za-z_:][A-Za-z0-9:._-]*+"
_VALUE = r"(?:[^\"'=<>`\x00-\x20]++|'[^']*+'|\"[^\"]*+\")"
_ATTRIBUTES = rf"(?:\s++{_NAME}(?:\s*+=\s*+{_VALUE})?+)*+\s*+"
TAG = re.compile(rf"<(?:/({_WORD})\s*+|({_WORD}){_ATTRIBUTES}/?)>")
TAG_SO_FAR = re.compile(rf"<(?:/{_WORD}\s*+|{_WORD}{_ATTRIBUTES}(?:/|=\s*+(?:'[^']*+|\"[^\"]*+)?)?)\Z")
INVISIBLE = re.compile(r"<!--|<!\[CDATA\[|<\?|<!(?=[A-Za-z])")
CLOSING = {"<!--": "-->", "<![CDATA[": "]]>", "<?": "?>", "<!": ">"}
"""What ends each of the invisible ones."""

SILENT = frozenset({"script", "style"})
"""Tags between which nothing is text."""

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
AUTOLINK = re.compile(
    r"<(?:[A-Za-z][A-Za-z0-9+.-]{1,31}:[^<>\x00-\x20]*+"
    rf"|[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]++@{_LABEL}(?:\.{_LABEL})*)>"
)

ENTITY = re.compile(r"&(?:#[xX][0-9a-fA-F]{1,6}|#[0-9]{1,7}|[A-Za-z][A-Za-z0-9]{1,31});")

_BREAK = re.compile(
    r"address|article|aside|blockquote|br|break|caption|center|dd|details|dialog|div|dl|dt|"
    r"fieldset|figcaption|figure|footer|form|h1|h2|h3|h4|h5|h6|header|hr|legend|li|main|menu|"
    r"nav|ol|optgroup|option|p|pre|section|select|summary|table|tbody|td|tfoot|th|thead|title|"
    r"tr|ul",
    re.IGNORECASE,
)


def is_break(name: str) -> bool:
    """Whether a tag of that name stands between lines, blocks or cells, or is a pause: it parts the words around it."""
    return _BREAK.fullmatch(name) is not None


def character(entity: str) -> str | None:
    """What an entity stands for, None if there is none of that name."""
    if entity[1] != "#":
        return html5.get(entity[1:])
    code = int(entity[3:-1], 16) if entity[2] in "xX" else int(entity[2:-1])
    char = chr(code) if code <= 0x10FFFF else "\0"
    return char if char in "\t\n\r" or unicodedata.category(char) not in {"Cc", "Cs"} else "\ufffd"

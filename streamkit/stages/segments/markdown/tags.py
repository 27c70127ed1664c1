"""Tags, comments, addresses between ``<>``, and entities (CommonMark 0.31, sections 2.5, 6.5 and 6.6)."""

from __future__ import annotations

import re
import unicodedata
from html.entities import html5

__all__ = [
    "AUTOLINK",
    "CLOSING",
    "ENTITY",
    "INVISIBLE",
    "SILENT",
    "TAG",
    "character",
    "is_break",
    "is_tag",
    "may_be_tag",
]

_WORD, _NAME = "(?:(?:amazon|mstts):)?[A-Za-z][A-Za-z0-9-]*+", "[A-Za-z_:][A-Za-z0-9:._-]*+"
_VALUE = r"(?:[^\"'=<>`\x00-\x20]++|'[^']*+'|\"[^\"]*+\")"
_ATTRIBUTES = rf"(?:\s++{_NAME}(?:\s*+=\s*+{_VALUE})?+)*+\s*+"
TAG = re.compile(rf"<(?:/({_WORD})\s*+|({_WORD}){_ATTRIBUTES}/?)>")
_SO_FAR = re.compile(rf"<(?:/({_WORD})\s*+|({_WORD})({_ATTRIBUTES})(?:/|=\s*+('[^']*+|\"[^\"]*+)?)?)\Z")
INVISIBLE = re.compile(r"<!--|<!\[CDATA\[|<\?|<!(?=[A-Za-z])")
CLOSING = {"<!--": "-->", "<![CDATA[": "]]>", "<?": "?>", "<!": ">"}
"""The end mark of each of the invisible constructs."""

SILENT = frozenset({"script", "style"})
"""Elements whose content is not shown."""

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
AUTOLINK = re.compile(
    r"<(?:[A-Za-z][A-Za-z0-9+.-]{1,31}:(?!:)[^<>\x00-\x20]*+"
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


_HTML = (
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo big blink blockquote body br button"
    " canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed"
    " fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe"
    " img input ins kbd label legend li link main map mark marquee math menu meta meter nav nobr noscript object ol"
    " optgroup option output p param picture pre progress q rp rt ruby s samp script search section select slot small"
    " source span strike strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr"
    " track tt u ul var video wbr"
)
_SSML = (  # version 1.1, and the additions of vendors
    "break desc emphasis lang lexicon lookup metadata par phoneme prosody say-as seq speak token voice w"
    " amazon:auto-breaths amazon:breath amazon:domain amazon:effect amazon:emotion"
    " mstts:backgroundaudio mstts:express-as mstts:silence mstts:viseme"
)
_NAMES = frozenset(f"{_HTML} {_SSML}".split())
_WITH_ATTRIBUTES = (
    "area base data embed frame img input label lang link map metadata object option output param picture search"
    " slot source template time title token track voice w"
)
_NOT_ALONE = frozenset(_WITH_ATTRIBUTES.split())
"""Without attributes these are placeholders in a text: ``cp <source> <target>``."""


def is_tag(match: re.Match[str]) -> bool:
    """True if a match of `TAG` is a tag: only names of HTML and SSML are."""
    name, text = match[1] or match[2], match[0]
    return name.lower() in _NAMES and not (_is_type(match, name) or (text == f"<{name}>" and name in _NOT_ALONE))


def _is_type(match: re.Match[str], name: str) -> bool:
    """True for a type after a name, as in ``Vec<String>`` and ``Map<T>``."""
    before = match.string[match.start() - 1 : match.start()]
    is_capital = name[0].isupper() and (len(name) == 1 or not name.isupper()) and name != "Br"
    return match[0] == f"<{name}>" and before.isalnum() and is_capital


def may_be_tag(text: str, at: int) -> bool:
    """True if more text may turn the text from ``at`` on into a tag; not if it ends with a stop outside of quotes."""
    match = _SO_FAR.match(text, at)
    if match is None or (match[1] or match[2]).lower() not in _NAMES:
        return False
    return match[4] is not None or not text.endswith((".", "!", "?"))


def is_break(name: str) -> bool:
    """True if a tag of that name separates words: it divides lines, blocks or cells, or is a pause."""
    return _BREAK.fullmatch(name) is not None


def character(entity: str) -> str | None:
    """The character that an entity stands for, None if there is none of that name."""
    if entity[1] != "#":
        return html5.get(entity[1:])
    code = int(entity[3:-1], 16) if entity[2] in "xX" else int(entity[2:-1])
    char = chr(code) if code <= 0x10FFFF else "\0"
    return char if char in "\t\n\r" or unicodedata.category(char) not in {"Cc", "Cs"} else "\ufffd"

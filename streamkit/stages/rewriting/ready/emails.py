"""E-mail addresses: from each ``@`` the local part is read backwards and the domain forwards.

A local part is Latin (with digits and some marks), or one run of letters of other scripts. As some scripts write no
spaces, the beginning of the second kind is not always certain; then everything that may belong to it is taken. Marks
may join Latin letters and those of another script to one part. A last label of a domain is Latin or not, so Japanese
text right behind ``.com`` is not part of it.
"""

from __future__ import annotations

import re

from .folding import LATIN, OTHER
from .spans import Span, Spans

__all__ = ["Emails"]

MOST = 64  # octets of a local part, RFC 5321 section 4.5.3.1.1
REACH = 255  # octets of a domain, section 4.5.3.1.2

FURTHER = bytes(range(0x80, 0xC0))
"""All octets of a character but the first."""
ALPHABETIC = OTHER[0]  # most scripts of two octets separate words by spaces
BEGINNING = rf"[0-9A-Za-z{LATIN[0]}]"
LOCAL = re.compile(
    rf"[0-9A-Za-z{LATIN}._%+\-&!#$^~'’=]{{0,{MOST}}}"
)  # reversed; less of it is taken than could be held
OTHER_LOCAL = re.compile(rf"[{OTHER}{LATIN[1]}0-9._+\-]{{0,{MOST}}}")
FIRST = re.compile(BEGINNING)
MIXED = re.compile(rf"[0-9A-Za-z{LATIN}{OTHER}._+\-]{{0,{MOST}}}")
JOINED = re.compile(rf"(?:[._+\-]+(?:[0-9A-Za-z{LATIN}]+|[0-9{ALPHABETIC}{LATIN[1]}]+))*")  # reversed
MIXED_FIRST = re.compile(rf"[0-9A-Za-z{LATIN[0]}{OTHER}]")
OTHER_FIRST = re.compile(f"[0-9{OTHER}]")
NO_PART = re.compile(rf"=|(?<![A-Za-z{LATIN}])['’]|['’](?![A-Za-z{LATIN}])")
RETURN_PATH = re.compile(r"[^=]*[+-][^=]*=[^=]+\.[A-Za-z]{2,}")

LABEL, OTHER_LABEL = rf"{BEGINNING}[0-9A-Za-z{LATIN}_-]{{0,62}}", rf"[0-9{OTHER}{LATIN[1]}_-]{{1,63}}"
LATIN_LAST, OTHER_LAST = rf"[A-Za-z{LATIN[0]}][A-Za-z{LATIN}]{{1,62}}", rf"[{OTHER}][{OTHER}{LATIN[1]}]{{1,23}}"
LAST = rf"(?:[xX][nN]--[0-9A-Za-z-]{{1,59}}|{LATIN_LAST}|{OTHER_LAST})"
DOMAIN = re.compile(
    rf"(?:{LABEL}[。｡](?=[a-z]{{2}}))?(?:(?:{LABEL}|{OTHER_LABEL})\.){{1,8}}{LAST}"
    rf"|{LABEL}[。｡][a-z]{{2,24}}"
    rf"|(?:[0-9A-Za-z{LATIN}{OTHER}_-]{{1,63}}\.){{1,8}}{LAST}"  # labels of mixed scripts only where it must be
)
DOMAIN_CHARS = re.compile(
    rf"(?:{LABEL}[。｡](?=[a-z]|\Z))?[0-9A-Za-z{LATIN}{OTHER}._-]{{0,{REACH - 64}}}"  # dots: RFC 3490 section 3.1
)
SENTENCE = re.compile(r"[0-9a-z_.-]*\.[a-z]{2,62}(?=\.[A-Z][a-z]+\Z)")
OTHER_SENTENCE = re.compile(rf"[0-9A-Za-z{LATIN}_.-]*\.[A-Za-z]{{2,62}}(?P<other>\.[{OTHER}{LATIN[1]}]+)")
VERSION = re.compile(r"v?[0-9]+(?:\.[0-9]+)*\.(?:alpha|beta|rc|dev|pre|post|next|canary|nightly|cu|cpu|rocm)\Z")
FILE = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|html?|js|css|t?gz)\Z")


class Emails(Spans):
    """Addresses ``local@domain`` with a domain of at least two labels, of which the last begins with a letter."""

    longest = MOST + 1 + REACH

    def first(self, view: str, at: int, final: bool) -> Span:
        sign = view.find("@", at)
        while sign >= 0:
            widest = _widest(view, at, sign)
            if widest < sign:
                reach = DOMAIN_CHARS.match(view, sign + 1).end()  # type: ignore[union-attr]  # it matches the empty text too
                if reach == len(view) and not final:
                    return widest
                domain = DOMAIN.match(view, sign + 1, reach)
                end = _end(domain) if domain else sign
                start = _start(view, at, sign, end) if end > sign else sign
                if start < sign:
                    return start, end
            sign = view.find("@", sign + 1)
        undecided = len(view) if final else _widest(view, at, len(view))
        return undecided if undecided < len(view) else None


def _end(domain: re.Match[str]) -> int:
    """The end of a domain, before a sentence without a space; 0 if it is a version or the name of a file."""
    text = domain[0]
    if VERSION.match(text) or FILE.search(text):
        return 0
    other, sentence = OTHER_SENTENCE.fullmatch(text), SENTENCE.match(text)
    size = other.start("other") if other else sentence.end() if sentence else len(text)
    return domain.start() + size


def _widest(view: str, at: int, end: int) -> int:
    """The earliest beginning of a local part of any kind that ends at ``end``; ``end`` if there is none."""
    widest = _latin(view, at, end)
    if view.isascii():
        return widest
    run = MIXED.match(view[max(at, end - MOST) : end][::-1])
    first = MIXED_FIRST.search(view, end - (run.end() if run else 0), end)
    return min(widest, _other(view, at, end), first.start() if first else end)


def _latin(view: str, at: int, end: int) -> int:
    """The earliest beginning of a Latin local part that ends at ``end``; ``end`` if there is none."""
    run = LOCAL.match(view[max(at, end - MOST) : end][::-1])
    first = FIRST.search(view, end - (run.end() if run else 0), end)
    return first.start() if first else end


def _other(view: str, at: int, end: int) -> int:
    """The same for one in another script: of an endless run as much as a local part may have."""
    if view.isascii():
        return end
    run = OTHER_LOCAL.match(view[max(at, end - MOST) : end][::-1])
    start = end - (run.end() if run else 0)
    octets = view[start:end].encode("utf-8", "surrogatepass")
    if len(octets) > MOST:
        start = end - len(octets[-MOST:].lstrip(FURTHER).decode("utf-8", "surrogatepass"))
    first = OTHER_FIRST.search(view, start, end)
    return first.start() if first else end


def _start(view: str, at: int, sign: int, end: int) -> int:
    """The beginning of the address whose ``@`` stands at ``sign``; ``sign`` if it has no local part."""
    start = _last_part(view, at, sign, end)
    if start == sign or view.isascii():
        return start
    joined = JOINED.match(view[max(at, sign - MOST) : start][::-1])
    first = MIXED_FIRST.search(view, start - (joined.end() if joined else 0), sign)
    return first.start() if first else start


def _last_part(view: str, at: int, sign: int, end: int) -> int:
    """The same for a local part of letters of one kind."""
    start = _own(view, _latin(view, at, sign), sign, view[end : end + 1])
    if start == sign:
        return _other(view, at, sign)
    if view[start:sign].isdecimal() and any(char in OTHER for char in view[sign:end]):
        return min(start, _other(view, at, sign))  # иван1990@пример.рф, but 地址是12345@example.com
    return start


def _own(view: str, start: int, sign: int, behind: str) -> int:
    """The beginning of the address within a widest Latin local part."""
    if RETURN_PATH.fullmatch(view, start, sign):
        return start  # bounce+bob=example.org@list.example
    for mark in NO_PART.finditer(view, start, sign):
        start = mark.end()
    if behind and behind in "'’":
        start = max(start, view.rfind(behind, start, sign) + 1)
    first = FIRST.search(view, start, sign)
    return first.start() if first else sign

"""Tags of markup (HTML, SSML): what one looks like, and the beginning of one that more text may complete."""

from __future__ import annotations

__all__ = ["CLOSING_TAG", "LONGEST_TAG", "TAG", "TAG_SO_FAR", "VOID_TAG"]

LONGEST_TAG = 300
"""What is longer is none, so that a ``<`` that nothing closes holds nothing for long."""

_NAME = r"[A-Za-z][\w:-]{0,40}+"
_VALUE = r"(?:\"[^\"<]*+\"|'[^'<]*+'|[^\s\"'<>`]++)"
_ATTRIBUTES = rf"(?:\s+[\w:@-]++(?:\s*+=\s*+{_VALUE})?+)*+"
_UNFINISHED = r"\s+[\w:@-]*+(?:\s*+=\s*+(?:\"[^\"<]*+|'[^'<]*+|[^\s\"'<>`]*+)?+)?+\s*+"

CLOSING_TAG = rf"</{_NAME}\s*+>"
VOID_TAG = rf"<(?:{_NAME}{_ATTRIBUTES}\s*+/|[bhBH][rR]\s*+|[?!][^<>]*+)>"
TAG = rf"(?:<{_NAME}{_ATTRIBUTES}\s*+/?>|{CLOSING_TAG}|<[?!][^<>]*+>)"
TAG_SO_FAR = (
    rf"<(?:[?!][^<>]*+|/?(?:{_NAME}(?:{_ATTRIBUTES}\s*+/?|(?:\s+[\w:@-]++(?:\s*+=\s*+{_VALUE})?+)*?{_UNFINISHED})?)?)"
)

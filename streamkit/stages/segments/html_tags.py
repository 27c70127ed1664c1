"""Patterns for tags of markup (HTML, SSML), and for the beginning of a tag that more text may complete."""

from __future__ import annotations

__all__ = ["CLOSING_TAG", "LONGEST_TAG", "TAG", "TAG_SO_FAR", "VOID_TAG"]

LONGEST_TAG = 300
"""A longer text is not a tag, so that a ``<`` that is never closed holds back little text."""

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

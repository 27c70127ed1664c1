"""The token count of a text that is still growing."""

from __future__ import annotations

import re
from typing import Any

from ..protocols import Encoding
from .encodings import encoding_of, is_loaded, load_encoding
from .exact import Exact
from .lexer import lexer_for
from .models import CURRENT, check_encoding_name, resolve
from .reencoding import ReencodedCount

__all__ = ["TokenCounter"]

SURROGATE = re.compile("[\ud800-\udfff]")
REPLACED = "\ufffd"


class TokenCounter:
    """Counts the tokens of a text that comes in pieces: after each piece, those of the whole text up to there.

    ``encoding`` is the name of a model or an encoding, or a tokenizer: anything with ``encode_ordinary(str)``, or a
    Hugging Face ``tokenizers.Tokenizer``. ``exact`` says whether ``total`` is the count of the model's own tokenizer:
    it is not for a model that is not known (o200k_base then), nor, for the moment, in a long text with a tokenizer of
    which nothing is known; set ``space_safe`` if such a tokenizer may be applied separately to the text before a blank
    that follows a word and to the text from that blank on. With tiktoken's encodings a piece costs the same after
    200,000 tokens as after 2,000. Memory: the end of the text in which no boundary is certain, which is a word or two;
    of one endless word, or of Chinese without any punctuation, all of it, in some 10 bytes a character.

    To be made before a stream runs, as the first of its encoding loads the vocabulary (a third of a second).
    RuntimeError if that is not on this machine: it is never downloaded; the extra ``offline`` brings it. ValueError for
    an encoding that is misspelt.
    """

    def __init__(self, encoding: str | Encoding | Any, *, space_safe: bool = False) -> None:
        self._encoding_known = True
        if isinstance(encoding, str):
            check_encoding_name(encoding)
            resolved = resolve(encoding)
            self._encoding_known, encoding = resolved.exact, load_encoding(resolved.encoding)
        encoding = encoding_of(encoding)
        lexer = lexer_for(encoding)
        self._engine: Exact | ReencodedCount
        self._engine = Exact(encoding, lexer) if lexer else ReencodedCount(encoding, space_safe=space_safe)
        self._half = ""
        self._with_half = 0

    @classmethod
    def ready(cls, model: str) -> TokenCounter:
        """A counter for ``model`` that can be made while a stream runs, as it loads nothing. With o200k_base, and not
        exact, unless the model's own encoding was loaded before."""
        resolved = resolve(model)
        known = resolved.exact and is_loaded(resolved.encoding)
        counter = cls(resolved.encoding if known else CURRENT)
        counter._encoding_known = known
        return counter

    @property
    def total(self) -> int:
        """Tokens of the text so far."""
        return self._with_half if self._half else self._engine.total

    @property
    def exact(self) -> bool:
        return self._encoding_known and self._engine.exact

    @property
    def settled(self) -> int:
        """Tokens that no further text can change; the rest of ``total`` may come to be more or fewer."""
        return self._engine.settled

    def feed(self, text: str) -> int:
        """The total after ``text``."""
        engine = self._engine
        if self._half or (not text.isascii() and SURROGATE.search(text)):
            return self._feed_halves(text)
        if text:
            engine.push(text)
        return engine.total

    def flush(self) -> int:
        """The total when no more text comes: exact if the tokenizer is the model's."""
        if self._half:
            self._half = ""
            self._engine.push(REPLACED)
        self._engine.flush()
        return self.total

    def _feed_halves(self, text: str) -> int:
        text = self._repaired(text)
        if text:
            self._engine.push(text)
        if self._half:
            ahead = self._engine.copy()
            ahead.push(REPLACED)
            self._with_half = ahead.total
        return self.total

    def _repaired(self, text: str) -> str:
        """``text`` with halves of characters joined, and replaced where the other half is missing, as tiktoken does.
        One at the end waits for its other half."""
        text, self._half = self._half + text, ""
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        if SURROGATE.search(text):
            return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return text

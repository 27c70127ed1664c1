"""The code in a growing Markdown text: fenced blocks, and spans between backticks within a line.

Plan. The text comes in tokens, which are told to `Code` twice: as they arrive (`come`) and, in the same order, when it
is known what they are (`take`). Most are known at once. What a run of backticks begins depends on the rest of its line:
a span if another run of its length follows, a fence if it may be one and none follows, else nothing. So it `waits` for
that, for the end of the line, or for ``HOLD`` characters. How the text was cut into tokens makes no difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..segments.ahead import Ahead
from ..segments.lines import fence
from .scan import HOLD

__all__ = ["TAG", "Code", "Token", "tokens_of"]

TAG = "tag"

_TOKENS = re.compile(r"`+|~+|[\r\n]|[^`~\r\n]+")
_QUOTE, _QUOTED = re.compile(r"(?:[ \t]*>)*"), re.compile(r"[ \t]*>")
_BEFORE_CLOSING, _BEFORE_CLOSING_IN_QUOTE = re.compile(r"[ \t]*"), re.compile(r"[ \t]*>[ \t>]*")
_LEAD = 100
"""A fence stands no further into its line."""


@dataclass(slots=True)
class Token:
    """A tag, a run of backticks or tildes, a character that ends a line, or text (kind "") without any of these.

    Of a run only the ``size`` is kept, which may grow. ``escaped``: a backslash takes its first character away.
    """

    kind: str
    text: str
    at: int
    size: int
    escaped: bool = False

    @property
    def is_run(self) -> bool:
        return self.kind in ("`", "~")

    @property
    def opening(self) -> int:
        """How long the run is that would open a span; one that closes it counts as a whole."""
        return self.size - self.escaped

    @property
    def whole(self) -> str:
        return self.begin(self.size)

    def begin(self, size: int) -> str:
        return self.kind * min(self.size, size) if self.is_run else self.text[:size]


def tokens_of(text: str, at: int) -> Iterator[Token]:
    """``text``, which begins ``at`` that place and has no tags."""
    for found in _TOKENS.finditer(text):
        first, piece = found[0][0], found[0]
        if first in "`~":
            yield Token(first, "", at + found.start(), len(piece))
        else:
            yield Token("\n" if first in "\r\n" else "", piece, at + found.start(), len(piece))


class Code:
    """Where code is, by CommonMark 0.31 (sections 4.5 and 6.1), but that fences may be indented as far as one likes.

    ``inside``: what is taken now stands in code.
    """

    def __init__(self) -> None:
        self._seen = 0
        self._growing: Token | None = None  # a run that came last: more of it may follow
        self._slashes = 0  # right before what comes
        self._line_ended = False
        self._newest = -1  # where the last run of backticks is
        self._last: dict[int, int] = {}  # the same for each length of run
        self._lead = ""  # how the line begins
        self._returned = False  # a line feed would belong to the end of the last line
        self._span = 0  # the length of the runs around it
        self._fence: tuple[str, int] | None = None
        self._quoted = self._closing = False  # the fence stands in a quote; its line may be the last

    @property
    def inside(self) -> bool:
        return self._fence is not None or self._span > 0

    # -- what comes ------------------------------------------------------------------------------------------------

    def come(self, token: Token) -> bool:
        """Note that it is there; False if it only goes on with the run before."""
        self._seen = token.at + token.size
        if self._growing is not None and self._growing.kind == token.kind:
            self._growing.size += token.size
            return False
        self._end_run()
        self._line_ended = token.kind == "\n"
        if token.is_run:
            token.escaped = self._slashes % 2 == 1
            self._growing, self._slashes = token, 0
            if token.kind == "`":
                self._newest = token.at
        else:
            self._count_slashes(token)
        return True

    def end(self) -> None:
        """Nothing more comes."""
        self._end_run()
        self._line_ended = True

    def _end_run(self) -> None:
        if self._growing is not None and self._growing.kind == "`":
            self._last[self._growing.size] = self._growing.at
        self._growing = None

    def _count_slashes(self, token: Token) -> None:
        rest = token.size if token.kind else len(token.text.rstrip("\\"))
        self._slashes = token.size - rest + (0 if rest else self._slashes)

    # -- what is known ---------------------------------------------------------------------------------------------

    def waits(self, token: Token) -> bool:
        """Whether what ``token``, the next to be taken, is depends on what follows."""
        if self._quoted and token.kind and self._is_unquoted(token):
            self._fence, self._quoted = None, False  # the quote is over, and with it all that was in it
        if not token.is_run or self._line_ended:
            return False
        if self._growing is not None:
            return True
        if self.inside or token.kind == "~" or not token.opening or self._seen >= token.at + HOLD:
            return False
        return not self._opens_span(token)

    def _is_unquoted(self, token: Token) -> bool:
        return _QUOTED.match(self._lead) is None and not (self._returned and token.text == "\n")

    def take(self, token: Token) -> None:
        """``token`` is part of the answer, and is known."""
        if self._fence is not None:
            self._take_in_fence(token, *self._fence)
        elif self._span:
            if token.kind == "`" and token.size == self._span:
                self._span = 0
        elif token.is_run:
            self._open(token)
        self._returned = token.text == "\r"
        if token.kind == "\n":
            self._lead, self._line_ended = "", False
        elif len(self._lead) <= _LEAD:
            self._lead += token.begin(_LEAD + 1)

    def _open(self, token: Token) -> None:
        if self._opens_fence(token):
            self._fence, self._closing = (token.kind, token.size), False
            self._quoted = _QUOTED.match(self._lead) is not None
        elif self._opens_span(token):
            self._span = token.opening

    def _opens_span(self, token: Token) -> bool:
        return token.kind == "`" and self._last.get(token.opening, -1) > token.at

    def _opens_fence(self, token: Token) -> bool:
        """Whether it stands where a block begins for `Segments` too, or so in a quote. Behind backticks no others may
        stand in that line."""
        if token.size < 3 or len(self._lead) > _LEAD or (token.kind == "`" and self._newest > token.at):
            return False
        quote = _QUOTE.match(self._lead)
        assert quote is not None
        line = self._lead[quote.end() :]
        return fence(Ahead(line + token.kind * 3, ended=True), 0) == len(line)

    def _take_in_fence(self, token: Token, mark: str, size: int) -> None:
        if token.kind == "\n":
            if self._closing:
                self._fence, self._quoted = None, False
            self._closing = False
        elif token.kind == mark and token.size >= size:
            before = _BEFORE_CLOSING_IN_QUOTE if self._quoted else _BEFORE_CLOSING
            self._closing = before.fullmatch(self._lead) is not None
        elif token.kind or token.text.strip(" \t"):
            self._closing = False

"""The position of a reader in a JSON document, and the characters that may come next there."""

from __future__ import annotations

__all__ = ["MARKS", "JsonPosition", "may_begin"]

MARKS = frozenset("{}[],:")
VALUE = frozenset('{["-0123456789tfnNI')  # NaN and Infinity are not JSON, but readers accept them
FIRST_ITEM = VALUE | {"]"}
FIRST_KEY = frozenset('"}')
KEY = frozenset('"')
COLON = frozenset(":")
AFTER_ITEM = frozenset(",]")
AFTER_MEMBER = frozenset(",}")
NOTHING: frozenset[str] = frozenset()
IN_MID_LINE = {"{": KEY, "[": frozenset('"{')}


def may_begin(bracket: str, following: str, on_new_line: bool) -> bool:
    """True if ``bracket`` in prose begins a document: not in ``{name}`` and ``[sic]``, nor in ``[1]`` in mid-line."""
    if on_new_line:
        return following in (FIRST_KEY if bracket == "{" else FIRST_ITEM)
    return following in IN_MID_LINE[bracket]


class JsonPosition:
    """The grammar of RFC 8259, one character that is not white space after the other: ``may`` has those that can come.

    After an object or array another document may begin, as some servers send arguments twice.
    """

    __slots__ = ("_open", "begun", "may")

    def __init__(self, bracket: str = "") -> None:
        """``bracket`` has been read already, if there is one."""
        self.may = VALUE
        self.begun = False
        """True if a string, an object or an array has begun: until then the text may be anything."""
        self._open: list[str] = []  # the brackets that close what is open
        if bracket:
            self.mark(bracket)

    @property
    def outside(self) -> bool:
        """True if no document is open, or only the bracket of one, which is prose if nothing in it follows."""
        return not self._open or (len(self._open) == 1 and self.may in (FIRST_KEY, FIRST_ITEM))

    @property
    def is_at_name(self) -> bool:
        """True if a string that begins here is the name of a member."""
        return self.may is KEY or self.may is FIRST_KEY

    def mark(self, char: str) -> None:
        """Go on after ``char``, one of ``MARKS`` that may come."""
        match char:
            case "{":
                self.begun, self.may = True, FIRST_KEY
                self._open.append("}")
            case "[":
                self.begun, self.may = True, FIRST_ITEM
                self._open.append("]")
            case ",":
                self.may = KEY if self._open[-1] == "}" else VALUE
            case ":":
                self.may = VALUE
            case _:
                self._open.pop()
                self.may = self._behind_value(VALUE)

    def string(self) -> None:
        """Go on after a string, which is a key where only a key could come."""
        self.begun = True
        self.may = COLON if self.is_at_name else self._behind_value(NOTHING)

    def scalar(self) -> None:
        """Go on after a number or literal."""
        self.may = self._behind_value(NOTHING)

    def _behind_value(self, at_the_top: frozenset[str]) -> frozenset[str]:
        if not self._open:
            return at_the_top
        return AFTER_MEMBER if self._open[-1] == "}" else AFTER_ITEM

"""Text of a model made harmless for a terminal: characters that would move its cursor, recolour it, reach its
clipboard, hide text from the reader or show it in another order are shown as escapes (``\\x1b``) instead.

Every dangerous character is made visible by itself, so it does not matter how sequences are cut, whether they are well
formed, or which of the many kinds of terminal reads them: without its ESC or C1 character a sequence is plain text.

Invisible characters are shown too, as text can be hidden in a row of them, except those that languages and emoji need,
where they need them: a single joiner, direction mark, break or variation selector next to a character of a script that
uses it, and the three flags that are spelled with tags. docs/security.md has the table, with a reason for each.
"""

from __future__ import annotations

import re

__all__ = ["Cleaner"]

# C0 but tab and newline, DEL, C1; embeddings, overrides and isolates of the bidirectional algorithm (UAX #9); lone
# surrogates and noncharacters, which no text has; line and paragraph separators; annotations; and all that is
# invisible: Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties.txt), controls of hieroglyphs, an empty note.
SUSPECT = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    r"\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Scripts whose letters join, and those of India and its neighbours: joiners make a difference in them.
JOINED = (
    r"\u0600-\u061b\u061d-\u0dff\u0f00-\u109f\u1700-\u17b3\u17b6-\u180a\u1810-\u18af\u1900-\u1cff\ua800-\ua8ff\ua980-\ua9ff\uaa60-\uabff"
    r"\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010a00-\U00010fff\U00011000-\U00011fff\U0001e900-\U0001e95f"
)
# Scripts without blanks between words, in which a zero-width space stands for them.
UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17b3\u17b6-\u17ff\u1950-\u19ff\u1a20-\u1aaf\uaa60-\uaadf"
FROM_THE_RIGHT = (
    r"\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
)
EMOJI = (
    r"\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"
    r"\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
HAN = r"\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
# Other characters with variants in StandardizedVariants.txt: quotation marks, mathematics, punctuation, some scripts.
SHAPED = r"\u1000-\u109f\u2018-\u201d\u2205-\u22ff\u2a00-\u2aff\u3001\u3002\ua840-\ua877\uaa60-\uaa7f\uff01-\uff1f"
HIEROGLYPHS = r"\U00013000-\U0001342f"
MONGOLIAN = r"\u1800-\u180a\u1810-\u18af"


def _tags(text: str) -> str:
    return "".join(rf"\U{0xE0000 + ord(char):08x}" for char in text)


FLAG = "\U0001f3f4"
FLAGS = "|".join(_tags(region) for region in ("gbeng", "gbsct", "gbwls"))
"""England, Scotland and Wales: no others, as anything can be spelled with tags."""


def _alone(marks: str, among: str) -> str:
    """One of ``marks`` next to a character ``among`` these, and no other suspect beside it."""
    return rf"(?<=[{among}])[{marks}](?![{SUSPECT}])|(?<![{SUSPECT}])[{marks}](?=[{among}])"


PASSES = "|".join(
    [
        _alone(r"\u200c\u200d", JOINED),
        _alone(r"\u200b", UNSPACED),
        rf"(?:(?<=[{EMOJI}])|(?<=[{EMOJI}]\ufe0f))\u200d(?=[{EMOJI}])",
        rf"(?<=[{EMOJI}])[\ufe0e\ufe0f]|(?<=[#*0-9])[\ufe0e\ufe0f](?=\u20e3)",
        rf"(?<=[{HAN}{SHAPED}\U00010ac0-\U00010aff])[\ufe00-\ufe02]|(?<=[{HIEROGLYPHS}])[\ufe00-\ufe06]",
        rf"(?<=[{HAN}])[\U000e0100-\U000e01ef]",
        rf"(?<=[{MONGOLIAN}])[\u180b-\u180f]|(?<=[{MONGOLIAN}][\u180b-\u180d\u180f])\u180e",
        rf"(?<=[{HIEROGLYPHS}])[\U00013430-\U0001343f]",
        r"(?<=[\u0591-\u05c7])\u034f",
        rf"(?<={FLAG})(?:{FLAGS})\U000e007f",
    ]
)
SUSPECTS = re.compile(f"[{SUSPECT}]")
PASSING = re.compile(PASSES)
MARK = re.compile(rf"(?<![{SUSPECT}])[\u061c\u200e\u200f](?![{SUSPECT}])")
NEAR = 32
"""Characters before a direction mark in which a letter that is read from the right is looked for, to explain it."""
ALL_RIGHT = re.compile(f"[{FROM_THE_RIGHT}]")
WAITS = re.compile(
    rf"(?:\r|[\u061c\u200b-\u200f]|(?<=[#*0-9])[\ufe0e\ufe0f]|(?<={FLAG})[\U000e0061-\U000e007a]{{1,5}})\Z"
)
"""The end of a text that cannot be judged before the next character has come."""
LONGEST = 5


class Cleaner:
    """A stage: str → str that a terminal only displays. CR LF becomes LF; a CR alone would overwrite its line.

    >>> cleaner = Cleaner()
    >>> "".join([*cleaner.feed("a\\x1b[2Jb\\r"), *cleaner.feed("\\nc"), *cleaner.flush()])
    'a\\\\x1b[2Jb\\nc'
    """

    def __init__(self) -> None:
        self._held = ""
        self._before = ""
        """The last characters that were judged, as they came."""

    def feed(self, text: str) -> list[str]:
        """The text that can be shown now. Characters that wait at its end for the next one cannot be seen anyway."""
        if not self._held and not SUSPECTS.search(text):
            if text:
                self._before = (self._before + text[-NEAR:])[-NEAR:]
            return [text] if text else []
        return self._judge(text, final=False)

    def flush(self) -> list[str]:
        rest = self._judge("", final=True) if self._held else []
        self._before = ""
        return rest

    def _judge(self, new: str, *, final: bool) -> list[str]:
        start, text = len(self._before), self._before + self._held + new
        waiting = None if final else WAITS.search(text, max(start, len(text) - LONGEST))
        end = waiting.start() if waiting else len(text)
        parts, done = [], start
        while (match := SUSPECTS.search(text, done, end)) is not None:
            position = match.start()
            part, size = _visible(text, position)
            parts += [text[done:position], part]
            done = position + size
        parts.append(text[done:end])
        self._held, self._before = text[end:], text[max(0, end - NEAR) : end]
        whole = "".join(parts)
        return [whole] if whole else []


def _visible(text: str, position: int) -> tuple[str, int]:
    """The text that is shown for the suspect at ``position``, and the number of characters that it stands for."""
    if text.startswith("\r\n", position):
        return "\n", 2
    passes = PASSING.match(text, position)
    if passes:
        return passes[0], passes.end() - position
    fine = MARK.match(text, position) and _is_explained(text, position)
    return text[position] if fine else ascii(text[position])[1:-1], 1


def _is_explained(text: str, position: int) -> bool:
    """True if a direction mark belongs to text that is read from the right: before it in its line, or directly after
    it."""
    near = max(0, position - NEAR)
    start = max(near, text.rfind("\n", near, position) + 1)
    return ALL_RIGHT.search(text, start, position + 2) is not None

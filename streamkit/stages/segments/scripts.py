"""Character classes: end marks, brackets, scripts, and the characters that must not be separated."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["CJK", "CLOSER_OF", "GREEK", "STRONG", "between_graphemes", "is_greek", "is_lower", "language"]

# Unicode's Sentence_Terminal property without the ASCII marks and the marks that also abbreviate.
STRONG = (
    "\u0589\u061d\u061e\u061f\u06d4\u0700\u0701\u0702\u07f9\u0837\u0839\u083d\u083e\u0964\u0965\u0f0d\u0f0e\u104b"
    "\u1362\u1367\u1368\u166e\u1735\u1736\u17d4\u17d5\u1803\u1809\u1944\u1945\u1b5a\u1b5b\u1b5e\u1b5f\u1c3b\u1c3c"
    "\u1c7e\u1c7f\u2e3c\u3002\ua4ff\ua60e\ua60f\ua6f3\ua6f7\ua876\ua877\ua8ce\ua8cf\ua92f\ua9c8\ua9c9\uaaf0\uaaf1"
    "\uabeb\ufe52\ufe56\ufe57\uff01\uff0e\uff1f\uff61"
)

CJK = "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
"""Han and kana, which are written without spaces; as the inside of a regular expression's class."""

CLOSER_OF = {
    "(": ")", "[": "]", "{": "}", "（": "）", "［": "］", "【": "】", "〔": "〕", "〖": "〗", "「": "」", "『": "』",
    "﹁": "﹂", "《": "》", "〈": "〉", "“": "”", "„": "“”", "‘": "’", "«": "»", "‹": "›", '"': '"',
}  # fmt: skip
"""The characters that may close each opening bracket or quote."""

_CYRILLIC = frozenset({"ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "mn", "tg", "tt", "ba", "cv", "os"})
_ARABIC = frozenset({"ar", "fa", "ur", "ps", "ckb", "sd", "ug"})
_DEVANAGARI = frozenset({"hi", "mr", "ne", "sa", "kok", "mai"})
_SCRIPTS: tuple[tuple[int, int, str, frozenset[str]], ...] = (
    (0x370, 0x3FF, "el", frozenset()),
    (0x400, 0x52F, "ru", _CYRILLIC),
    (0x530, 0x58F, "hy", frozenset()),
    (0x590, 0x5FF, "he", frozenset({"yi"})),
    (0x600, 0x6FF, "ar", _ARABIC),
    (0x900, 0x97F, "hi", _DEVANAGARI),
    (0x980, 0x9FF, "bn", frozenset({"as"})),
    (0xA00, 0xA7F, "pa", frozenset()),
    (0xA80, 0xAFF, "gu", frozenset()),
    (0xB00, 0xB7F, "or", frozenset()),
    (0xB80, 0xBFF, "ta", frozenset()),
    (0xC00, 0xC7F, "te", frozenset()),
    (0xC80, 0xCFF, "kn", frozenset()),
    (0xD00, 0xD7F, "ml", frozenset()),
    (0xD80, 0xDFF, "si", frozenset()),
    (0xE00, 0xE7F, "th", frozenset()),
    (0x1000, 0x109F, "my", frozenset()),
    (0x10A0, 0x10FF, "ka", frozenset()),
    (0x1200, 0x139F, "am", frozenset({"ti"})),
    (0x1F00, 0x1FFF, "el", frozenset()),
    (0x3040, 0x30FF, "ja", frozenset()),
    (0x4E00, 0x9FFF, "zh", frozenset({"ja"})),
    (0xAC00, 0xD7AF, "ko", frozenset()),
)


def language(word: str, default: str) -> str:
    """The language by which to judge ``word``: ``default`` if it is written in that script, else a common one."""
    code = next((ord(char) for char in reversed(word) if char.isalpha()), 0)
    if code < 0x370:
        return default
    for first, last, common, others in _SCRIPTS:
        if first <= code <= last:
            return default if default in others else common
    return default


GREEK, _LETTER = re.compile("[\u0370-\u03ff\u1f00-\u1fff]"), re.compile(r"[^\W\d_]")


def is_greek(sentence: str) -> bool:
    """True for Greek, perhaps with words of other scripts: the first letter or half of all letters are Greek."""
    letters = _LETTER.findall(sentence)
    greek = sum(GREEK.match(letter) is not None for letter in letters)
    return greek > 0 and (GREEK.match(letters[0]) is not None or 2 * greek >= len(letters))


def is_lower(char: str) -> bool:
    """True for the lower-case letter of a pair; not for scripts without case, where `str.islower` is wrong."""
    return char.islower() and char.upper() != char and not "\u10d0" <= char <= "\u10ff"


# 9 is the combining class of the signs that join two letters into one in the scripts of India
_JOINER, _VIRAMA = "\u200d", 9
_LONGEST_GRAPHEME = 64
_EXTENDS = re.compile(
    "[\uff9e\uff9f\u200c\u200d\u20e3\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\U000e0100-\U000e01ef]"
)
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]+$")


def between_graphemes(text: str, position: int, start: int = 0) -> bool:
    """True if a reader sees two characters on the two sides of ``position`` (Unicode Annex 29, simplified).

    The text before ``start`` is not read. The package ``regex`` has the exact rule (``\\X``), but its import takes some
    40 ms in the middle of the first text, and older versions of it separate conjuncts of India.
    """
    if not 0 < position < len(text):
        return True
    before, after = text[position - 1], text[position]
    if before == "\r" and after == "\n":
        return False
    if after < "\u0300" or before in "\r\n":
        return before != _JOINER
    if before == _JOINER or _EXTENDS.match(after) or unicodedata.category(after) in {"Mn", "Me", "Mc"}:
        return False
    if "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff":
        return False
    if unicodedata.combining(before) == _VIRAMA and unicodedata.category(after) == "Lo":
        return False
    if "\u1100" <= after <= "\u11ff" or after in "\u0e33\u0eb3":  # jamo; Thai and Lao am
        return not ("\u1100" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3" or after < "\u1100")
    if "\U0001f1e6" <= after <= "\U0001f1ff":  # flags are pairs
        run = _FLAG.search(text[max(start, position - _LONGEST_GRAPHEME) : position])
        return run is None or len(run[0]) % 2 == 0
    return True

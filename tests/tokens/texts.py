"""Texts that are hard to count while they grow, and ways to cut them."""

from __future__ import annotations

import random
from collections.abc import Iterator

__all__ = ["FRAGMENTS", "cut", "hard_text"]

FRAGMENTS = [
    *"aAbZ0 9'.,!\n\r\t\v-_/\\\"“”…:;()[]{}=#*|~\x1c\x1f\x00\x85\xa0\u3000\u200d\ufe0f",
    *("we're", "I'LL", "'s", "'S", "'ſ", "'ve ", "don't", "it'd", "'r", "'l", "o'", "''s"),
    *("  ", "   \n", "\n\n  ", " \r\n", "\r\n\r\n", "\t\t", "        ", "\n \n", " \u00a0 ", "\u2028"),
    *("the ", " cat", "Hello", "WORLD", "camelCase", "XMLHttp", "中ABCd", "ABC中", "ǅabc", "ʰA", "naïve", "e\u0301E"),
    *("123", "1234567", "1,234.50", "v1.2.3", "½", "²", "٣٤", "Ⅷ", "3D", "x86"),
    *("中文", "日本語", "カタカナ", "한국어", "สวัสดี", "ขอบคุณครับ", "नमस्ते", "العَرَبِيّة", "עברית", "Ελλάδα", "Привет", "ﬁ"),
    *("👍", "👨‍👩‍👧", "❤️", "🏳️‍🌈", "🇨🇭", "𝒳", "\U000105bf", "\U000123d4", "\U0001f9ff"),
    *("<|endoftext|>", "<|fim_prefix|>", "<|start|>", "https://example.org/a?b=c&d#e", "def f(x):\n    return x\n"),
    *("====", "----", "....", "####", "😀😀😀", "/////", "aaaa", "AAAA", "!!!\n\n", "QUJD", "d41d8cd9"),
    *("\ud83d", "\ude00", "\udc00", "\ud800"),
]


def hard_text(dice: random.Random, pieces: int) -> str:
    """Fragments, some of them many times in a row, and characters from anywhere."""
    out = []
    for _ in range(pieces):
        kind = dice.random()
        if kind < 0.7:
            out.append(dice.choice(FRAGMENTS))
        elif kind < 0.85:
            out.append(dice.choice(FRAGMENTS) * dice.randint(2, 80))
        elif kind < 0.95:
            out.append("".join(chr(dice.randrange(0x20, 0x3000)) for _ in range(dice.randint(1, 6))))
        else:
            out.append(chr(dice.randrange(0x110000)))
    return "".join(out)


def cut(text: str, dice: random.Random, most: int) -> Iterator[str]:
    """Pieces of 1 to ``most`` characters."""
    at = 0
    while at < len(text):
        size = dice.randint(1, most)
        yield text[at : at + size]
        at += size

"""What patterns cost on texts that were made to make them slow: nanoseconds per character, next to plain ``regex``.

Run it by hand: ``python tests/benchmarks/bench_patterns.py [words of a pattern ...]``; all of it takes some minutes. 40
patterns are each tried on 64 texts of 1,000, 10,000 and 100,000 characters, which come in pieces of 16. Of each pattern
the worst text is told, and the middle one. A row whose worst grows with the length is not linear; read it next to the
same row of ``regex.sub`` over the whole text. What runs into the time limit is counted: it ends with an error there.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import regex

from streamkit import StreamkitError
from streamkit.stages import Redactor
from streamkit.stages.rewriting.matching import SECONDS

SIZES = (1_000, 10_000, 100_000)
PIECE = 16
SOURCES = r"""
\S+
\w+
\bsecret\b
(?i)secret
\b\w+\b
\d{3}-\d{2}-\d{4}
(?:^|\s)\b\d{3}-\d{2}-\d{4}\b
(?:\d{1,4}[- ]?){3,8}
(?:\d[ -]?){13,19}
key=\b\w+
(?<=key=)\w+
foo(?!bar)
\n\bUser:
[\w.+-]+@[\w-]+\.[\w.-]+
[\w.+-]{1,64}@\w+
https?://\S+
"[^"]*"
'(?:[^'\\]|\\.)*'
<[^>]*>
<.*?>
(?s)<!--.*?-->
\((?:[^()]|(?P<r>\((?:[^()]|(?&r))*\)))*\)
(\w)\1{3,}
(\w+) \1
(?>a+)b
a++b
a*?b
(?=\w{40}\b)\w+
(?:a|ab)+c
(?:[a-z]+\d+)+!
(?m)^\s*-\s.*$
[A-Z]{2}\d{6}\b
\X{3}!
""".strip().split("\n")
PATTERNS: dict[str, object] = {
    "ready: email": "email",
    "ready: phone": "phone",
    "ready: card": "card",
    "ready: key": "key",
    "callable over words": lambda word: None,
    "a word": ["password"],
    "a thousand words": [f"word{number}" for number in range(1_000)],
    **dict(zip(SOURCES, SOURCES, strict=True)),
}
SEEDS = (
    "a", "ab", "a ", "aa b", "1", "12 ", "1-", "12-34 ", "123-45-", "1234 5678 ", "4111-", "0123456789", "+49 ",
    "00", "0 ", "(0", "@", "a@", "a@b", "a@b.", "a.b@", ".", "..a", "-", "_", "--- ", "=", "key=", "key=a ", "sk-",
    "sk-a1", "ghp_", "eyJ", "eyJa.", "-----BEGIN ", "'", "\"", "\"a", "\\'", "'\\", "<", "<a", "<a>", "<!", "<!--",
    "(", "()", "((a)", ")", "foo", "fooba", "foobar", "secret", "secre", " \n", "\n", "\n- ", "\nUser", "http://",
    "http:", "漢字", "é", "e\u0301", "aaab",
)  # fmt: skip


def texts(size: int) -> list[str]:
    """Each seed again and again, and at the end what no pattern ends with."""
    return [(seed * (size // len(seed) + 1))[: size - 1] + "~" for seed in SEEDS]


def cost(run: Callable[[str], None], text: str) -> float | None:
    """Nanoseconds per character; None if a time limit ended it."""
    began = time.perf_counter()
    try:
        run(text)
    except (StreamkitError, TimeoutError):
        return None
    return (time.perf_counter() - began) / len(text) * 1e9


def fed(rule: object) -> Callable[[str], None]:
    redactor = Redactor(rule)

    def run(text: str) -> None:
        stage = redactor.fresh()
        for at in range(0, len(text), PIECE):
            stage.feed(text[at : at + PIECE])
        stage.flush()

    return run


def whole(source: str) -> Callable[[str], None]:
    pattern = regex.compile(source)
    return lambda text: str(pattern.sub("#", text, timeout=SECONDS * 20)) and None


def row(name: str, run: Callable[[str], None]) -> None:
    print(f"{name[:44]:46}", end="", flush=True)
    for size in SIZES:
        costs = [cost(run, text) for text in texts(size)]
        known = [value for value in costs if value is not None]
        ended = f" ({costs.count(None)} ended)" if None in costs else ""
        print(f"{statistics.median(known):8.0f}{max(known):10.0f}{ended:11}", end="", flush=True)
    print()


def main() -> None:
    print(f"{'ns per character, middle and worst of 64 texts':46}" + "".join(f"{size:18,}{'':11}" for size in SIZES))
    for name, rule in PATTERNS.items():
        if all(word in name for word in sys.argv[1:]):
            row(name, fed(rule))
            if rule == name:
                row("    regex.sub", whole(name))


if __name__ == "__main__":
    main()

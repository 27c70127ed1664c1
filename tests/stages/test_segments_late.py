"""A sentence that is certain comes with the next word: what may well be no quote, bracket or maths holds nothing."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit import testing
from streamkit.stages import Segments
from tests.stages.segmenting import texts

ENOUGH = 12
"""Characters of the next sentence: its first word, and the look-ahead of a tag."""

CERTAIN = [
    *("I got 'im.", "Tell 'er now.", "Don't 'ave it.", "Ol' man 'Arry sat.", "'Murica is big.", "The 'net is down."),
    *(
        "We read 'zines.",
        "The 'Iolani palace.",
        "See 'Oumuamua go.",
        "Call 'Ali now.",
        "Ask 'Arry now.",
        "Mind the 'gap here.",
    ),
    *("So, 'Arry left.", "He said 'twas so.", "Rock ‘n’ roll. ", "‘Twas late.", "Class of '99.", "Use 'X now."),
    *("Take [0, 1) as it is.", "In C, a[i is bad.", "Smile :[ now.", "Call f(x now.", "See [1 for it.", "Use ${x now."),
    *("So ]0, 1[ is open.", "I have $$ to lend.", "It is $$$ now.", "Use $$PID now.", "$$ is cheap.", "$$$ is dear."),
    *("Use \\(x here.", "Use \\[x here.", "Use \\begin{x} here.", "If x <y then go.", "Set $HOME now.", "Is 5 < 6?"),
]


@pytest.mark.parametrize("text", CERTAIN)
def test_a_sentence_that_is_certain_comes_with_the_next_word(text: str):
    stage, found = Segments(), []
    fed = text.strip() + " Here we go on."
    for char in fed[: len(text.strip()) + ENOUGH]:
        found += stage.feed(char)
    assert [one.text for one in found] == [text.strip()]


APART = {
    "The file's called 'x. It is odd. We know. Al's 'y' too. End.": [
        "The file's called 'x.", "It is odd.", "We know.", "Al's 'y' too.", "End.",
    ],
    "Take [0, 1) here. Or (2, 3] there. (Or [a, b). Yes.) So (it. Is [0, 1). So.) End": [
        "Take [0, 1) here.", "Or (2, 3] there.", "(Or [a, b). Yes.)", "So (it. Is [0, 1). So.)", "End",
    ],
    "Use f(x. Then a[i. Then {b}. All [1, 2] is. End": ["Use f(x.", "Then a[i.", "Then {b}.", "All [1, 2] is.", "End"],
    "(See a[i below. It is short.) Next. [So it is. Yes.] Now": [
        "(See a[i below. It is short.)", "Next.", "[So it is. Yes.]", "Now",
    ],
    'She said, \'Go on. Be quick.\' So I went. "It is so. Yes." He sat': [
        "She said, 'Go on. Be quick.'", "So I went.", '"It is so. Yes."', "He sat",
    ],
    "'Well!' he thought, 'after all that. And so. On.' It: 'Go. On.' Now": [
        "'Well!' he thought, 'after all that. And so. On.'", "It: 'Go. On.'", "Now",
    ],
    "See [the list. Of it](https://a.example/b) now. Or ![A. B](c). End": [
        "See [the list. Of it](https://a.example/b) now.", "Or ![A. B](c).", "End",
    ],
}  # fmt: skip


@pytest.mark.parametrize("options", [{}, {"first_fast": False, "max_chars": 500}])
@pytest.mark.parametrize("text", APART)
def test_only_what_is_surely_a_quote_or_parenthesis_holds_sentences_together(text: str, options: dict[str, Any]):
    for pieces in testing.every_split(text):
        assert texts(pieces, **options) == APART[text]

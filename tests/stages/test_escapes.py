"""JSON text read as what it means, and given back as it was written."""

from __future__ import annotations

import json

import pytest

from streamkit.stages.rewriting.escapes import Escapes
from streamkit.testing import every_split


@pytest.mark.parametrize(
    "source",
    [r"a\n\"b\"", r"\u00e9\ud83d\ude00", r"plain", r"\\n", r"\ud83d", r"a\ud83d\u00", r"half \u00", r"odd \q", "\\"],
)
def test_the_source_of_what_was_read_is_what_came(source: str):
    for pieces in every_split(source):
        escapes = Escapes()
        read = "".join([*map(escapes.feed, pieces), escapes.flush()])
        assert escapes.take(len(read)) == (read, source)
        try:
            assert read == json.loads(f'"{source}"')
        except ValueError:
            assert read.replace("\ud83d", r"\ud83d") == source  # it is no JSON

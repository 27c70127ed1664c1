"""The bar on stderr: what it says, and that it is not there when nobody could see it."""

from __future__ import annotations

import builtins
import io
from typing import Any

import pytest

import streamkit as sk
from streamkit import testing
from streamkit.batch import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(file: io.StringIO, **options: Any) -> str:
    server = testing.Server("Hi", sk.StatusError("no", status=400), "Hi")
    with testing.ScriptedClient(server) as one:
        sk.run(sk.batch(["a", "b", "c"], one.chat), progress(3, file=file, **options))
    return file.getvalue()


def test_it_counts_what_is_done_and_what_failed():
    text = shown(io.StringIO(), show=True)
    assert "3/3" in text
    assert "1 failed" in text


def test_it_tells_cost_and_ledger():
    file = io.StringIO()
    bar = progress(2, file=file, show=True)
    bar.write(sk.BatchItem("a", "a", "complete", sk.Reply(), cost=0.25))
    bar.write(sk.BatchItem("b", "b", "complete", sk.Reply(), cost=0.5, from_ledger=True))
    bar.close(sk.Reply())
    assert "1 from the ledger, cost 0.75" in file.getvalue().replace("\n", " ").replace("  ", " ")


def test_it_shows_on_a_terminal_and_nowhere_else():
    assert "3/3" in shown(Terminal())
    assert shown(io.StringIO()) == ""
    assert shown(Terminal(), show=False) == ""


def test_it_may_be_used_again_and_closed_unused():
    file = io.StringIO()
    bar = progress(1, file=file, show=True)
    bar.close(sk.Reply())
    for _ in range(2):
        bar.write(sk.BatchItem("a", "a", "complete", sk.Reply()))
        bar.close(sk.Reply())
    assert "2/1" not in file.getvalue()


def test_without_rich_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    real = builtins.__import__

    def without(name: str, *args: Any, **options: Any) -> Any:
        if name.startswith("rich"):
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    bar = progress(file=io.StringIO(), show=True)
    with pytest.raises(ImportError, match=r"streamkit-rx\[batch\]"):
        bar.write(sk.BatchItem("a", "a", "complete"))

"""JSON that is nested too deeply, while garbage waits to be collected."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable

import pytest

import streamkit as sk
from streamkit.errors import MalformedError
from streamkit.wire import load_json


class Cycle:
    """Garbage that only a collection finds."""

    def __init__(self) -> None:
        self.own = self


@pytest.mark.parametrize("read", [load_json, sk.from_json])
def test_finalizers_do_not_run_where_there_is_no_stack_left(
    read: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", failed.append)
    ended: list[int] = []
    places = range(600, 1000)  # allocations until a collection: some of them are made at the deepest point
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()  # what is there stays, as for the whole suite: it would be looked through each time
    try:
        for allocations in places:
            gc.collect()
            weakref.finalize(Cycle(), ended.append, allocations)
            gc.set_threshold(allocations)
            with pytest.raises(MalformedError):
                read("[" * 2000)
            gc.set_threshold(*before)
    finally:
        gc.set_threshold(*before)
    gc.collect()
    assert failed == []
    assert ended == list(places)
    assert gc.isenabled()

"""The hold of one consumer on its gate."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from streamkit.engine.upstream import Gate, Hold


@given(st.lists(st.booleans()))
def test_a_hold_counts_once_however_often_it_is_set(values: list[bool]):
    gate = Gate()
    hold = Hold(gate)
    for held in values:
        hold.set(held)
        assert hold.held == held
        assert gate.closed == int(held)


@pytest.mark.parametrize("first", [True, False])
def test_holds_on_one_gate_are_independent(first: bool):
    gate = Gate()
    one, other = Hold(gate), Hold(gate)
    one.set(True)
    other.set(first)
    one.set(False)
    assert bool(gate.closed) == first

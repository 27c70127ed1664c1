"""Errors as a program would print them."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import pytest

import streamkit as sk

__all__ = ["KEY", "PAGE", "caught", "packages", "shown"]

KEY = "sk-canary-AbCdEfGh0123456789"
PAGE = 25
"""Lines."""


def caught(door: Callable[..., Any], *args: Any) -> sk.StreamkitError:
    """What ``door`` raises, with the frames from its own on."""
    with pytest.raises(sk.StreamkitError) as failed:
        door(*args)
    assert failed.value.__traceback__ is not None
    return failed.value.with_traceback(failed.value.__traceback__.tb_next)


def shown(error: BaseException) -> list[str]:
    """The lines that a traceback of ``error`` has."""
    text = "".join(traceback.format_exception(error))
    assert KEY not in text
    return text.splitlines()


def packages(error: BaseException) -> list[str]:
    """Whose frames the traceback of ``error`` itself has."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return [frame.f_globals["__name__"].partition(".")[0] for frame in frames]

"""Markdown to what a voice would read."""

from .queue import Queue

__all__ = ["Queue"]

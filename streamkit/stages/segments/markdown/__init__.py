"""Markdown to what a voice would read."""

from .stripper import MarkdownStripper

__all__ = ["MarkdownStripper"]

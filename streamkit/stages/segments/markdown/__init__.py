"""Markdown stripped from text: what is left is the text that a renderer shows."""

from .stripper import MarkdownStripper

__all__ = ["MarkdownStripper"]

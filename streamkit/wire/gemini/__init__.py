"""The generateContent API of Gemini."""

from .dialect import GENERATE

__all__ = ["GENERATE"]

"""The Messages API of Anthropic."""

from .api import MESSAGES

__all__ = ["MESSAGES"]

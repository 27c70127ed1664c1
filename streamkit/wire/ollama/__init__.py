"""The chat API of Ollama."""

from .dialect import CHAT

__all__ = ["CHAT"]

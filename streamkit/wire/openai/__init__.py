"""The APIs of OpenAI: chat completions, completions and responses."""

from .definitions import CHAT, COMPLETIONS, RESPONSES

__all__ = ["CHAT", "COMPLETIONS", "RESPONSES"]

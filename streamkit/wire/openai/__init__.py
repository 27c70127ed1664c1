"""The APIs of OpenAI: chat completions, completions and responses."""

from .apis import CHAT, COMPLETIONS, RESPONSES

__all__ = ["CHAT", "COMPLETIONS", "RESPONSES"]

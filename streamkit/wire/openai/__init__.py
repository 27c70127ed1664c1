"""The APIs of OpenAI: chat completions, completions and responses."""

from .definitions import CHAT, COMPLETIONS, RESPONSES
from .responseforms import Chunk, object_in

__all__ = ["CHAT", "COMPLETIONS", "RESPONSES", "Chunk", "object_in"]

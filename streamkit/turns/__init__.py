"""Turns of a conversation in the forms of the APIs: what of a reply goes back to the model, and the results of its
tools.

All of it works on plain data: what a reply consists of comes as `Piece`s, and messages or items come out as dicts. What
a particular server wants back was decided when its reply was read, in `wire`; here its form is filled in.
"""

from .assemble import assemble, joined_results
from .chat import chat_turn, tool_call_part
from .origin import FromModel, Origin
from .piece import Piece
from .results import answered_ids, result_form
from .slots import slot

__all__ = [
    "FromModel",
    "Origin",
    "Piece",
    "answered_ids",
    "assemble",
    "chat_turn",
    "joined_results",
    "result_form",
    "slot",
    "tool_call_part",
]

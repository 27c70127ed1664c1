"""Turns of a conversation in the forms of the APIs: what of a reply goes back to the model, and the results of its
tools.

All of it works on plain data: what a reply consists of comes as `Piece`s, and messages or items come out as dicts. What
a particular server wants back was decided when its reply was read, in `wire`; here its form is filled in.
"""

from .anthropic import anthropic_blocks
from .assemble import assemble, joined_results, request_fields
from .chat import chat_turn, tool_call_part
from .objects import UNREADABLE, arguments_object, object_of
from .origin import FromModel, Origin
from .piece import Piece
from .responses import UNBOUND, unbound_item
from .results import answered_by, answered_ids, id_in, parts_within, result_form
from .slots import check_sum, fill, sealed_slot, sized_slot, slot, slot_kind, slots_in, without_seals

__all__ = [
    "UNBOUND",
    "UNREADABLE",
    "FromModel",
    "Origin",
    "Piece",
    "answered_by",
    "answered_ids",
    "anthropic_blocks",
    "arguments_object",
    "assemble",
    "chat_turn",
    "check_sum",
    "fill",
    "id_in",
    "joined_results",
    "object_of",
    "parts_within",
    "request_fields",
    "result_form",
    "sealed_slot",
    "sized_slot",
    "slot",
    "slot_kind",
    "slots_in",
    "tool_call_part",
    "unbound_item",
    "without_seals",
]

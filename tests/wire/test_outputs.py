"""Schemas as Anthropic's structured outputs take them."""

from __future__ import annotations

from typing import Any

from streamkit.wire.anthropic.outputs import close_objects

CASES: list[tuple[Any, Any]] = [
    ({"type": "integer", "minimum": 0, "maximum": 9, "description": "How old."},
     {"type": "integer", "description": "How old.\n\n(minimum: 0; maximum: 9)"}),
    ({"type": "string", "maxLength": 3, "pattern": "^a", "default": None},
     {"type": "string", "description": '(maxLength: 3; pattern: "^a"; default: null)'}),
    ({"type": "string", "format": "date"}, {"type": "string", "format": "date"}),
    ({"type": "string", "format": "color"}, {"type": "string", "description": '(format: "color")'}),
    ({"type": "array", "items": {"type": "number", "multipleOf": 2}, "minItems": 1},
     {"type": "array", "minItems": 1, "items": {"type": "number", "description": "(multipleOf: 2)"}}),
    ({"type": "array", "minItems": 2}, {"type": "array", "description": "(minItems: 2)"}),
    ({"type": "object", "additionalProperties": True}, {"type": "object", "additionalProperties": False}),
    ({"type": "object", "additionalProperties": {"type": "integer"}},
     {"type": "object", "additionalProperties": False, "description": '(additionalProperties: {"type":"integer"})'}),
    ({"enum": ["a", 1, None]}, {"enum": ["a", 1, None]}),
    ({"enum": [[1]]}, {"description": "(enum: [[1]])"}),
    ({"const": "a", "$comment": "x"}, {"const": "a"}),
    ({"oneOf": [{"type": "string", "minLength": 1}, {"type": "null"}], "discriminator": {"propertyName": "kind"}},
     {"anyOf": [{"type": "string", "description": "(minLength: 1)"}, {"type": "null"}]}),
    ({"$ref": "#/$defs/A", "$defs": {"A": {"type": "object", "properties": {"maximum": {"type": "object"}}}}},
     {"$ref": "#/$defs/A", "$defs": {"A": {
         "type": "object", "additionalProperties": False,
         "properties": {"maximum": {"type": "object", "additionalProperties": False}}}}}),
    ({"$ref": "#/$defs/A", "description": "x"}, {"anyOf": [{"$ref": "#/$defs/A"}], "description": "x"}),
    (True, True),
]  # fmt: skip


def test_what_is_not_known_is_told_in_descriptions():
    for given, wanted in CASES:
        assert close_objects(given) == wanted
        assert close_objects(wanted) == wanted

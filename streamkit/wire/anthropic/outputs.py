"""JSON schemas as the structured outputs of Anthropic's Messages API accept them.

These support a part of JSON Schema only and refuse other keywords. Those are moved into descriptions, where the model
reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..json_codec import dumps

__all__ = ["close_objects"]

KNOWN = frozenset({"$ref", "type", "const", "required", "title"})
BY_NAME = ("properties", "$defs", "definitions")
CHOICES = ("anyOf", "allOf")
FORMATS = frozenset({
    "date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid",
})  # fmt: skip
ABOUT_SCHEMAS = frozenset({"$schema", "$id", "$comment", "discriminator"})
"""Keywords that do not concern the answer."""


def close_objects(schema: Any) -> Any:
    """``schema`` with every object closed, and with unsupported keywords moved into descriptions."""
    if not isinstance(schema, Mapping):
        return schema
    form = {name: value for name, value in schema.items() if name not in ABOUT_SCHEMAS}
    if "oneOf" in form and "anyOf" not in form:
        form["anyOf"] = form.pop("oneOf")
    out = {name: form.pop(name) for name in schema if name in form and _is_known(name, form[name])}
    out |= {
        name: {key: close_objects(one) for key, one in form.pop(name).items()} for name in BY_NAME if _has(form, name)
    }
    out |= {
        name: [close_objects(one) for one in form.pop(name)] for name in CHOICES if isinstance(form.get(name), list)
    }
    if "items" in form:
        out["items"] = close_objects(form.pop("items"))
    if out.get("type") == "object" or "properties" in out:
        out["additionalProperties"] = False
        if not isinstance(form.get("additionalProperties"), Mapping):
            form.pop("additionalProperties", None)
    if description := _description(form):
        out["description"] = description
    if "$ref" in out and out.keys() - {"$ref", "$defs", "definitions"}:  # a reference stands alone
        out["anyOf"] = [{"$ref": out.pop("$ref")}, *out.pop("anyOf", ())]
    return out


def _has(form: Mapping[str, Any], name: str) -> bool:
    return isinstance(form.get(name), Mapping)


def _is_known(name: str, value: Any) -> bool:
    if name == "enum":
        return isinstance(value, list) and not any(isinstance(one, (dict, list)) for one in value)
    return name in KNOWN or (name == "format" and value in FORMATS) or (name == "minItems" and value in (0, 1))


def _description(rest: Mapping[str, Any]) -> str:
    """The description, followed by the other keywords of ``rest``."""
    more = "; ".join(f"{name}: {dumps(value)}" for name, value in rest.items() if name != "description")
    return "\n\n".join(text for text in (rest.get("description"), f"({more})" if more else "") if text)

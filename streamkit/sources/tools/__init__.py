"""Tools that a model may call: their JSON Schemas, and how they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy import lazily

if TYPE_CHECKING:
    from .fit import fit
    from .schemas import strict_of, strict_tool, tool_name, tools_for, with_schemas
    from .toolbox import Toolbox, Tools

__all__ = ["Toolbox", "Tools", "fit", "strict_of", "strict_tool", "tool_name", "tools_for", "with_schemas"]

if not TYPE_CHECKING:  # else a type checker would accept every name
    __getattr__ = lazily(
        __name__,
        {
            "fit": "fit",
            "schemas": "strict_of strict_tool tool_name tools_for with_schemas",
            "toolbox": "Toolbox Tools",
        },
    )


def __dir__() -> list[str]:
    return __all__

"""Names of a package that are imported when they are first asked for (PEP 562): what a program does not use costs it
nothing. A name must not be that of a module beside it: importing that module would put it in the name's place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazily"]


def lazily(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A ``__getattr__`` for ``package``: ``homes`` says which module a name is in; a module's own gives it whole."""

    def get(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f".{home}", package)
        return getattr(module, name, module)

    return get

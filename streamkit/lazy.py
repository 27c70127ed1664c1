"""Names of a package that are imported when they are first asked for (PEP 562): what a program does not use costs it
nothing. A name must not be that of a module beside it: importing that module would put it in the name's place."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazily"]


def lazily(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A ``__getattr__`` for ``package``: ``homes`` says for each module which names it has, with blanks between them. A
    name that the module does not have stands for the module itself.

    It stands under ``if not TYPE_CHECKING``, as a type checker would believe that such a package has every name.
    """
    home_of = {name: home for home, names in homes.items() for name in names.split()}

    def get(name: str) -> Any:
        home = home_of.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}{_nearest(package, name)}", name=name)
        module = import_module(f".{home}", package)
        return getattr(module, name, module)

    return get


def _nearest(package: str, name: str) -> str:
    """What the user meant. Python itself says so only where it prints the traceback, a notebook or a log does not. What
    tools ask of every module (``__wrapped__``, ``_ipython_display_``) is no slip of the pen."""
    if name.startswith("_"):
        return ""
    from difflib import get_close_matches

    found = get_close_matches(name, sys.modules[package].__all__, 1)
    return f": did you mean {found[0]!r}?" if found else ""

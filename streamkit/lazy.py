"""Names of a package that are imported when they are first used (PEP 562): a program pays nothing for those that it
does not use. A name must not be that of a module beside it: importing that module would put it in the name's place.
Names that a package had in an earlier version are found in the same way."""

from __future__ import annotations

import concurrent.futures.thread
import sys
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazily", "renamed"]

assert concurrent.futures.thread
"""Imported at once, because it registers an exit hook. That is refused when the main thread has ended, and a thread
that is still at work then may be the first to use a name whose module needs it."""


def lazily(package: str, homes: Mapping[str, str], modules: Mapping[str, str] | None = None) -> Callable[[str], Any]:
    """A ``__getattr__`` for ``package``: ``homes`` maps each module to the names it has, separated by blanks (a module
    that begins with a dot lies one package further up), and ``modules`` maps each name that stands for a whole module
    to that module.

    It stands under ``if not TYPE_CHECKING``, as a type checker would believe that such a package has every name.
    """
    home_of = {name: home for home, names in homes.items() for name in names.split()}

    def get(name: str) -> Any:
        value: Any
        if modules is not None and name in modules:
            value = import_module(f".{modules[name]}", package)
        elif name in home_of:
            value = getattr(import_module(f".{home_of[name]}", package), name)
        else:
            raise _unknown(package, name)
        vars(sys.modules[package])[name] = value  # from now on it is found there, and this function is not called
        return value

    return get


def renamed(package: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """A ``__getattr__`` for ``package`` by which old names can still be used, with a DeprecationWarning that gives the
    new one: ``names`` maps each old name to the new one. It stands where that of `lazily` does.

    ``__all__`` does not have the old names, so star imports and `dir` do not show them.
    """

    def get(name: str) -> Any:
        new = names.get(name)
        if new is None:
            raise _unknown(package, name)
        warnings.warn(f"{package}.{name} was renamed: use {package}.{new}", DeprecationWarning, stacklevel=2)
        return getattr(sys.modules[package], new)

    return get


def _unknown(package: str, name: str) -> AttributeError:
    return AttributeError(f"module {package!r} has no attribute {name!r}{_nearest(package, name)}", name=name)


def _nearest(package: str, name: str) -> str:
    """The name that the user probably meant. Python itself suggests one only where it prints the traceback, but not in
    a notebook or a log. There is no suggestion for names that tools look up in every module (``__wrapped__``,
    ``_ipython_display_``): those are not misspelt."""
    if name.startswith("_"):
        return ""
    from difflib import get_close_matches

    matches = get_close_matches(name, sys.modules[package].__all__, 1)
    return f": did you mean {matches[0]!r}?" if matches else ""

"""The rooms of the house, and the checker of what they import.

A room is a folder of ``streamkit``, or a file that lies directly in it. Its face is its ``__init__.py``: whoever is
outside imports from there. The checker reads syntax trees, so imports inside functions and for type checkers count.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOUNDATION = (
    "checks clean errors event_class events files json_form json_values lazy mathematics messages protocols reply_repr "
    "runtimes tool_calls usage validation wording worker"
)
FLOORS = (
    FOUNDATION,
    "stages",
    "wire",
    "wire.anthropic wire.gemini wire.ollama wire.openai",
    "tokens",
    "stages.usage",
    "engine.loops",
    "engine.upstream",
    "engine.streams",
    "engine.branches",
    "engine.runs",
    "sinks",
    "sources.tools",
    "sources.http",
    "sources",
    "combine",
    "operators",
    "batch",
    "scripted",
    "testing edges",
    "__main__",
)
"""From the lowest to the highest. A room may import from those below it, and from none beside it; only files of the
foundation may. Rooms that are not named here (`stages.rewriting`, `edges.cli`) stand where the room around them does,
and the two may use each other."""

EDGES = frozenset({"testing", "edges", "__main__"})
"""These may use ``streamkit`` itself, as a user does."""
PUBLIC = {"batch", "errors", "events", "operators", "protocols", "sinks", "stages", "testing", "tokens", "wire"}
"""What users may import besides ``streamkit`` itself: the names in ``__all__``."""
ROUND = {"errors", "events", "reply_repr", "tool_calls", "validation", "validation.parse", "validation.partial"}
"""Modules that import each other in a circle, as an error carries a Reply, and a Reply that is parsed may raise one."""


BY_NAME = {
    **dict.fromkeys(("wire.anthropic", "wire.gemini", "wire.ollama", "wire.openai"), "the table in wire/apis.py"),
    "edges.cli": "the command in pyproject.toml",
}
"""Faces of which names are taken in another way than by an import, and where."""


@dataclass(frozen=True)
class Third:
    """Packages of others: what may be imported anywhere, what inside functions only (``*``: all), what never."""

    anywhere: str = ""
    inside: str = ""
    never: str = ""


EDGE = Third("h11 httpx pydantic_core reactivex", "*")
PACKAGES = {
    **dict.fromkeys(FOUNDATION.split(), Third(inside="pydantic")),
    "wire": Third("pydantic_core", "pydantic", never="asyncio"),
    "stages": Third(inside="regex sentencex", never="asyncio"),
    "tokens": Third(inside="bpe_openai tiktoken"),
    "engine": Third("reactivex"),
    "sources": Third("httpx pydantic_core reactivex", "httpx2 openai pydantic"),
    "combine": Third("reactivex", never="httpx"),
    "operators": Third("reactivex", never="asyncio httpx"),
    "sinks": Third(inside="*", never="httpx httpx2 reactivex"),
    **dict.fromkeys(("__main__", "batch", "edges", "scripted", "testing"), EDGE),
}
"""By the first folder. The standard library is free unless it is named here."""
APART = frozenset({("sources", "sinks"), ("combine", "sinks"), ("operators", "sinks")})
"""A stream does not know where its items are written, although sinks are below."""


@dataclass(frozen=True)
class Import:
    line: int
    target: str  # the dotted module, or the name in it
    inside: str  # "module", "function" or "typing"


def imports(tree: ast.Module, package: str) -> Iterator[Import]:
    """Every import of a module that lies in ``package``, relative ones resolved."""
    pending: list[tuple[ast.AST, str]] = [(tree, "module")]
    while pending:
        node, inside = pending.pop()
        for target in _targets(node, package):
            yield Import(getattr(node, "lineno", 0), target, inside)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            pending += [(child, "typing") for child in node.body]
            pending += [(child, inside) for child in node.orelse]
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            inside = "function" if inside == "module" else inside
        pending += [(child, inside) for child in ast.iter_child_nodes(node)]


def _targets(node: ast.AST, package: str) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=module, names=names, level=level):
            source = _resolve("." * level + (module or ""), package)
            return [f"{source}.{alias.name}" for alias in names]
        case ast.Call(func=func, args=[ast.Constant(value=str(name)), *_]) if ast.unparse(func).endswith(
            ("import_module", "__import__")
        ):
            return [_resolve(name, package)]
        case ast.Call(func=ast.Name(id="lazily"), args=[_, ast.Dict(keys=keys, values=values)]):
            homes = zip(keys, values, strict=True)
            return [
                f"{_resolve(f'.{ast.literal_eval(home)}', package)}.{name}"  # type: ignore[arg-type]
                for home, names in homes
                for name in ast.literal_eval(names).split()
            ]
        case _:
            return []


def _resolve(name: str, package: str) -> str:
    level = len(name) - len(name.lstrip("."))
    if not level:
        return name
    base = package.split(".")[: len(package.split(".")) - level + 1]
    return ".".join([*base, name.lstrip(".")]).rstrip(".")


class Module:
    """One file of the package. Names are dotted, without ``streamkit``; ``room`` is the folder, or the file itself."""

    def __init__(self, package: Path, path: Path) -> None:
        *folders, stem = path.relative_to(package).with_suffix("").parts
        tree = ast.parse(path.read_bytes())
        self.file = path.relative_to(package).as_posix()
        self.is_face = stem == "__init__"
        self.name = ".".join(folders if self.is_face else [*folders, stem])
        self.room = ".".join(folders) or self.name
        self.top = self.room.partition(".")[0]
        self.imports = list(imports(tree, ".".join(["streamkit", *folders])))
        self.names = set(_names(tree))
        self.public = {name for node in tree.body for name in _listed(node)}


def _names(tree: ast.Module) -> Iterator[str]:
    """What can be imported from a module. Typing blocks have the names that come lazily."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(names=names) | ast.Import(names=names):
                yield from (alias.asname or alias.name for alias in names)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name


def _listed(node: ast.stmt) -> list[str]:
    match node:
        case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
            return list(ast.literal_eval(value))
    return []


def floor(room: str) -> int | None:
    """Its number, or that of the room around it; None if the house has no place for it."""
    if room in {"", "engine"}:
        return len(FLOORS)
    number = next((number for number, names in enumerate(FLOORS) if room in names.split()), None)
    return floor(room.rpartition(".")[0]) if number is None and "." in room else number


def _row(room: str) -> str:
    """The room itself if it is named among `FLOORS`, else the one around it."""
    return room if "." not in room or any(room in names.split() for names in FLOORS) else _row(room.rpartition(".")[0])


def is_within(room: str, other: str) -> bool:
    return other != "" and room.startswith(f"{other}.")


def _foreign(module: Module, one: Import) -> str | None:
    top = one.target.partition(".")[0]
    rules = PACKAGES.get(module.top, Third())
    if top in rules.never.split():
        return f"{module.room} must not import {top}"
    if top in sys.stdlib_module_names or top in rules.anywhere.split():
        return None
    if {top, "*"} & set(rules.inside.split()):
        return None if one.inside == "function" else f"{module.room} may import {top} only inside a function"
    return f"{module.room} must not import {top}"


class House:
    """The package as it is imported within itself. Faults are lines ``file:line: reason``."""

    def __init__(self, package: Path) -> None:
        read = [Module(package, path) for kind in ("*.py", "*.pyi") for path in sorted(package.rglob(kind))]
        self.modules = {module.name: module for module in read}
        self._rooms = {module.name for module in read if module.is_face}

    def faults(self) -> list[str]:
        found = []
        for module in self.modules.values():
            if floor(module.room) is None:
                found.append(f"{module.file}:1: {module.room} has no place in the house")
                continue
            reasons = ((one.line, self._fault(module, one)) for one in module.imports)
            found += [f"{module.file}:{line}: {reason}" for line, reason in reasons if reason]
        return [*found, *self._circles(), *self._untaken()]

    def _fault(self, module: Module, one: Import) -> str | None:
        if not one.target.startswith("streamkit"):
            return None if one.inside == "typing" else _foreign(module, one)
        room, rest = self._place(one.target)
        if room == "":
            return None if module.room == "" or module.top in EDGES else f"{module.room} imports the package itself"
        return self._order(module.room, room) or self._door(module, room, rest)

    def _place(self, target: str) -> tuple[str, list[str]]:
        """The room of ``target``, and what is left: a name of the face, a module, or a module and a name in it."""
        parts, count = target.split(".")[1:], 0
        while count < len(parts) and ".".join(parts[: count + 1]) in self._rooms:
            count += 1
        if count == 0 and parts and parts[0] in self.modules:
            count = 1
        return ".".join(parts[:count]), parts[count:]

    def _order(self, here: str, there: str) -> str | None:
        if (here.partition(".")[0], there.partition(".")[0]) in APART:
            return f"{here} must not import {there}"
        own, other = floor(here), floor(there)
        if here == "" or _row(here) == _row(there) or own is None or other is None or own > other:
            return None
        if own == other:
            return f"{here} imports {there}, which is beside it" if own else None
        return f"{here} imports {there}, which is above it"

    def _door(self, module: Module, room: str, rest: list[str]) -> str | None:
        """Own files are imported as such, those of the room around too; everything else by its face."""
        name = rest[0] if rest else ""
        is_file = f"{room}.{name}" in self.modules
        if module.room == room or is_within(module.room, room):
            is_face_taken = name and not is_file and room in self._rooms and module.name != room
            return f"{module.name} imports from the face of a room around it" if is_face_taken else None
        if len(rest) > 1 or (is_file and name not in self.modules[room].names):
            return f"streamkit.{room}.{'.'.join(rest)} is past the face of {room}"
        return f"{name} is private to {room}" if name.startswith("_") else None

    def _circles(self) -> Iterator[str]:
        """Modules that can be reached from themselves."""
        loaded = {name: module for name, module in self.modules.items() if not module.file.endswith(".pyi")}
        reach = {name: self._next(module) & loaded.keys() for name, module in loaded.items()}
        for name, module in loaded.items():
            seen: set[str] = set()
            pending = set(reach[name])
            while pending:
                one = pending.pop()
                seen.add(one)
                pending |= reach[one] - seen
            if name in seen and name not in ROUND:
                yield f"{module.file}:1: {name} imports itself by way of others"

    def _next(self, module: Module) -> set[str]:
        places = (self._place(one.target) for one in module.imports if one.target.startswith("streamkit"))
        found = set()
        for room, rest in places:
            is_file = rest and f"{room}.{rest[0]}" in self.modules
            is_name = len(rest) == 1 and rest[0] in self.modules[room].names and module.room != room
            found.add(f"{room}.{rest[0]}" if is_file and not is_name else room)
        return found - {module.name}

    def _untaken(self) -> Iterator[str]:
        """Names that a face offers to the house, and no other room takes."""
        taken = {
            (room, rest[0])
            for module in self.modules.values()
            for room, rest in (self._place(one.target) for one in module.imports if one.target.startswith("streamkit"))
            if rest and module.room != room
        }
        for room in sorted(self._rooms - {""} - BY_NAME.keys()):
            face = self.modules[room]
            own = {one.target.rpartition(".")[2] for one in face.imports if one.target.startswith(f"streamkit.{room}.")}
            offered = own - face.public if room in PUBLIC else own & face.public
            untaken = sorted(name for name in offered if (room, name) not in taken)
            yield from (f"{face.file}:1: {name} is offered, and no other room takes it" for name in untaken)

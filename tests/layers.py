"""The checker of what the modules of a package import, by the rules of `tests.house`.

It reads syntax trees, so imports inside functions and for type checkers count.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import streamkit
from tests.house import BY_NAME, COMPUTED, EDGES, FLOORS, KNOT, PUBLIC, Floor, height, outer


@dataclass(frozen=True)
class Import:
    line: int
    target: str  # the dotted module, or the name in it; empty where it is computed
    inside: str  # "module", "function" or "typing"
    is_module: bool = False  # ``import a.b.c``, which takes all of a module


def imports(tree: ast.Module, package: str) -> Iterator[Import]:
    """Every import of a module that lies in ``package``, relative ones resolved."""
    pending: list[tuple[ast.AST, str]] = [(tree, "module")]
    while pending:
        node, inside = pending.pop()
        for target in _targets(node, package):
            yield Import(getattr(node, "lineno", 0), target, inside, isinstance(node, ast.Import))
        if isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
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
        case ast.Call(func=func, args=args) if _name(func).endswith(("import_module", "__import__")):
            return [_resolve(str(args[0].value), package)] if args and isinstance(args[0], ast.Constant) else [""]
        case ast.Call(func=func, args=args) if _name(func).endswith("lazily"):
            return _lazy_targets(args[1], package) if len(args) > 1 else [""]
    return []


def _name(func: ast.expr) -> str:
    """The last word of what is called."""
    match func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _lazy_targets(table: ast.expr, package: str) -> list[str]:
    """The names in the second argument of `lazily`: by module, with blanks between them."""
    try:
        homes: dict[str, str] = ast.literal_eval(table)
    except ValueError:
        return [""]
    return [f"{_resolve(f'.{home}', package)}.{name}" for home, names in homes.items() for name in names.split()]


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
        self.imports = list(imports(tree, ".".join(["streamkit", *folders])))
        self.names = set(_names(tree.body))
        self.public = {name for node in tree.body for name in _listed(node)}


def _names(body: list[ast.stmt]) -> Iterator[str]:
    """The names at the top of a module. Typing blocks have those that come lazily."""
    for node in body:
        match node:
            case ast.ImportFrom(names=names) | ast.Import(names=names):
                yield from (alias.asname or alias.name for alias in names)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign() | ast.AnnAssign():
                yield from (one.id for one in ast.walk(node) if isinstance(one, ast.Name))
            case ast.If(body=inner, orelse=others):
                yield from _names([*inner, *others])


def _listed(node: ast.stmt) -> list[str]:
    match node:
        case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
            return list(ast.literal_eval(value))
    return []


def _is_user(module: Module) -> bool:
    return module.room == "" or module.room.partition(".")[0] in EDGES


class House:
    """The package as it is imported within itself. Faults are lines ``file:line: reason``."""

    def __init__(self, package: Path) -> None:
        self.files = [Module(package, path) for kind in ("*.pyi", "*.py") for path in sorted(package.rglob(kind))]
        self.modules = {module.name: module for module in self.files}  # a module hides the stub beside it
        self._rooms = {module.name for module in self.files if module.is_face}

    def faults(self) -> list[str]:
        found = []
        for module in self.files:
            if height(module.room) is None or (module.room == "engine" and not module.is_face):
                found.append(f"{module.file}:1: {module.room} has no place in the house")
                continue
            reasons = ((one.line, self._fault(module, one)) for one in module.imports)
            found += [f"{module.file}:{line}: {reason}" for line, reason in reasons if reason]
        return [*found, *self._circles(), *self._untaken()]

    def _fault(self, module: Module, one: Import) -> str | None:
        if one.target == "":
            return None if module.file in COMPUTED else "the name of a module is computed"
        if one.target.partition(".")[0] != "streamkit":
            return None if one.inside == "typing" else _foreign(module, one)
        room, rest = self._place(one.target)
        if room == "":
            return None if _is_user(module) else f"{module.room} imports the package itself"
        return _order(module.room, room) or self._door(module, one, room, rest)

    def _place(self, target: str) -> tuple[str, list[str]]:
        """The room of ``target``, and what is left: a name of the face, a module, or a module and a name in it."""
        parts, count = target.split(".")[1:], 0
        while count < len(parts) and ".".join(parts[: count + 1]) in self._rooms:
            count += 1
        if count == 0 and parts and parts[0] in self.modules:
            count = 1
        return ".".join(parts[:count]), parts[count:]

    def _door(self, module: Module, one: Import, room: str, rest: list[str]) -> str | None:
        """Own files are imported as such, those of the room around too; everything else by its face."""
        face, name = self.modules[room], rest[0] if rest else ""
        is_file = f"{room}.{name}" in self.modules
        if f"{module.room}.".startswith(f"{room}."):
            is_face_taken = room in self._rooms and not is_file and module.name != room
            return f"{module.name} imports from the face of a room around it" if is_face_taken else None
        if len(rest) > 1 or (is_file and (one.is_module or name not in face.names)):
            return f"streamkit.{room}.{'.'.join(rest)} is past the face of {room}"
        if room not in self._rooms:
            return f"{name} is private to {room}" if name.startswith("_") else None
        if name in {"", "*"}:
            return None if _is_user(module) else f"{room} is imported as a whole, not a name of it"
        is_offered = name in (face.names if room in PUBLIC else face.public) and not name.startswith("_")
        return None if is_offered else f"{name} is not offered by {room}"

    def _circles(self) -> Iterator[str]:
        """Modules that can be reached from themselves."""
        reach = {module.name: self._next(module) for module in self.modules.values() if module.file.endswith(".py")}
        for name in reach:
            seen: set[str] = set()
            pending = set(reach[name])
            while pending:
                one = pending.pop()
                seen.add(one)
                pending |= reach.get(one, set()) - seen
            if name in seen and name not in KNOT:
                yield f"{self.modules[name].file}:1: {name} imports itself by way of others"

    def _next(self, module: Module) -> set[str]:
        found = set()
        for room, rest in self._taken_by(module):
            is_file = rest and f"{room}.{rest[0]}" in self.modules
            is_name = len(rest) == 1 and rest[0] in self.modules[room].names and module.room != room
            found.add(f"{room}.{rest[0]}" if is_file and not is_name else room)
        return found - {module.name}

    def _taken_by(self, module: Module) -> Iterator[tuple[str, list[str]]]:
        return (self._place(one.target) for one in module.imports if one.target.partition(".")[0] == "streamkit")

    def _untaken(self) -> Iterator[str]:
        """Names that a face offers to other rooms, in ``__all__`` where that is not the list of public names."""
        taken = {
            (room, rest[0])
            for module in self.modules.values()
            for room, rest in self._taken_by(module)
            if rest and module.room != room
        }
        for room in sorted(self._rooms - {""} - BY_NAME.keys()):
            face = self.modules[room]
            own = {one.target.rpartition(".")[2] for one in face.imports if one.target.startswith(f"streamkit.{room}.")}
            offered = own - face.public if room in PUBLIC else face.public
            untaken = sorted(name for name in offered if (room, name) not in taken)
            yield from (f"{face.file}:1: {name} is offered, and no other room takes it" for name in untaken)


def _order(here: str, there: str) -> str | None:
    own, other = height(here), height(there)
    if own is None or other is None or here == "" or outer(here) == outer(there):
        return None
    if other > own:
        return f"{here} imports {there}, which is above it"
    if other == own:
        return None if here in KNOT and there in KNOT else f"{here} imports {there}, which is beside it"
    return (
        f"{here} must not import {there}" if own < len(FLOORS) and outer(there) in FLOORS[own].apart.split() else None
    )


def _foreign(module: Module, one: Import) -> str | None:
    top, number = one.target.partition(".")[0], height(module.room)
    floor = FLOORS[number] if number is not None and number < len(FLOORS) else Floor("")
    if top in floor.never.split():
        return f"{module.room} must not import {top}"
    if top in sys.stdlib_module_names or top in floor.anywhere.split():
        return None
    if {top, "*"} & set(floor.inside.split()):
        return None if one.inside == "function" else f"{module.room} may import {top} only inside a function"
    return f"{module.room} must not import {top}"


@cache
def the_house() -> House:
    """The package itself, which is read once."""
    return House(Path(streamkit.__file__).parent)

"""What of a file decides by an API: by what it is called, or by what only one of them has.

Looked for are the names of APIs wherever they stand; values of `Api` (`api`, `_api`, `APIS[...]`) and what is in them
where these are compared, cut up or looked up; modules of single APIs; and fields, headers and paths of requests.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from streamkit.wire import APIS
from streamkit.wire.apis import TABLE

NAMES = frozenset(APIS)
MODULES = {entry.partition(".")[0] for entry in TABLE.values()} | {
    api.dialect.__module__.rpartition(".")[2] for api in APIS.values()
}
CLASSES = {api.dialect.__name__ for api in APIS.values()}
PATHS = {path for api in APIS.values() if "/" in (path := api.path.removeprefix("v1/"))}
COMMON = {"authorization", "max_tokens", "stream"}
"""A header for keys of many kinds; a parameter that callers know by this name, whatever it is in an API; and a word."""
WORDS = (
    NAMES.union(
        {"stream_options", "include_usage"},
        *({*api.required, *api.stream, *api.query} for api in APIS.values()),
        *({api.access.header[0], *api.access.headers} for api in APIS.values()),
    )
    - COMMON
)

SPOKEN_OF = re.compile("|".join(["api\\b", "APIS", "api_named", "wire", *map(re.escape, WORDS | PATHS | CLASSES)]))
"""Files without any of it need no closer look."""

LOOKS_UP = {"get", "pop", "setdefault", "index", "count"}
CUTS_UP = {
    "startswith", "endswith", "replace", "find", "rfind", "index", "count", "split", "rsplit", "partition",
    "rpartition", "lower", "upper", "title", "strip", "__eq__", "__contains__",
}  # fmt: skip
DECIDES = {"getattr", "hasattr", "isinstance", "issubclass", "type"}
LOOKED_AT = {
    ast.Constant, ast.Compare, ast.BinOp, ast.Match, ast.Subscript, ast.Call, ast.ImportFrom, ast.keyword,
}  # fmt: skip
TOOLS = {"re", "operator", "fnmatch"}

Found = tuple[int, str]


def faults(source: str) -> list[Found]:
    """What decides by an API in ``source``, with its line."""
    if not SPOKEN_OF.search(source):
        return []
    nodes: list[ast.AST] = [ast.parse(source)]
    parents: dict[ast.AST, ast.AST] = {}
    for node in nodes:  # grows meanwhile
        if not isinstance(node, ast.Name):
            children = list(ast.iter_child_nodes(node))
            parents.update(dict.fromkeys(children, node))
            nodes += children
    return sorted({(node.lineno, told) for node in nodes if type(node) in LOOKED_AT for told in _faults(node, parents)})


def _faults(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)) if _says_one(text) and not isinstance(parents[node], ast.Expr):
            yield _place(node, parents)
        case ast.Compare(left=left, comparators=others):
            if _no_test_for_none(others) and any(map(_of_an_api, (left, *others))):
                yield ast.unparse(node)
        case ast.BinOp(left=left, right=right) if _of_an_api(left) or _of_an_api(right):
            yield ast.unparse(node)
        case ast.Match(subject=subject) if _of_an_api(subject):
            yield f"match {ast.unparse(subject)}"
        case ast.Subscript(value=value, slice=key) if _of_an_api(key) and not _is_table(value):
            yield ast.unparse(node)
        case ast.Call() if _decides(node):
            yield ast.unparse(node)
        case ast.ImportFrom(module=str(module), names=names) if "wire" in module.split("."):
            if MODULES.intersection((*module.split("."), *(alias.name for alias in names))):
                yield ast.unparse(node)
        case ast.keyword(arg=str(name)) if name in NAMES:
            yield ast.unparse(node)


def _says_one(text: str) -> bool:
    """A text that holds nothing but such words, or a path."""
    words = text.replace(",", " ").split()
    return (bool(words) and all(word in WORDS for word in words)) or any(path in text for path in PATHS)


def _no_test_for_none(others: list[ast.expr]) -> bool:
    return not all(isinstance(one, ast.Constant) and one.value is None for one in others)


def _is_table(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "APIS"


def _is_api(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name == "api" or name.endswith("_api")
        case ast.Subscript(value=value):
            return _is_table(value)
        case ast.Call(func=ast.Name(id="api_named")):
            return True
    return False


def _of_an_api(node: ast.AST) -> bool:
    """An `Api`, or what is in one, however deep."""
    while not _is_api(node):
        match node:
            case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Call(func=inner):
                node = inner
            case _:
                return False
    return True


def _decides(call: ast.Call) -> bool:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    within = [node for one in given for node in ast.walk(one)]
    match call.func:
        case ast.Attribute(value=ast.Name(id=module)) if module in TOOLS:
            return any(map(_is_api, within))
        case ast.Attribute(value=value, attr=name) if name in CUTS_UP and _of_an_api(value):
            return True
        case ast.Attribute(value=value, attr=name) if name in LOOKS_UP and not _is_table(value):
            return any(map(_of_an_api, call.args[:1]))
        case ast.Name(id=name) if name in DECIDES:
            return any(_is_api(node) or (isinstance(node, ast.Name) and node.id in CLASSES) for node in within)
    return False


def _place(node: ast.Constant, parents: dict[ast.AST, ast.AST]) -> str:
    """A text with what stands around it, as far as that says what the text is for."""
    around, own = parents[node], ast.unparse(node)
    match around:
        case ast.arguments():
            given = around.posonlyargs + around.args
            plain = dict(zip(reversed(around.defaults), reversed(given), strict=False))
            named = {value: arg for arg, value in zip(around.kwonlyargs, around.kw_defaults, strict=True) if value}
            return f"{({**plain, **named})[node].arg}={own}"
        case ast.Call(func=func):
            return f"{ast.unparse(func)}({own})"
        case ast.keyword(arg=name):
            call = parents[around]
            return f"{ast.unparse(call.func) if isinstance(call, ast.Call) else ''}({name}={own})"
        case ast.Compare() | ast.Subscript() | ast.AnnAssign() | ast.Assign():
            return ast.unparse(around)
        case ast.Dict(values=values):
            return f"{{..., {own}}}" if node in values else f"{{{own}: ...}}"
    return own

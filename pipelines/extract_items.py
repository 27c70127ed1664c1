"""A text as a table, each row as soon as the model has written it::

    python -m pipelines.extract_items --columns product count:int price:float < order.txt > order.csv

With OPENAI_API_KEY or OPENAI_BASE_URL it asks a real API, without them a script answers. Rows that do not fit the
columns are told and left out; enough rows (``--limit``) end the request.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TextIO, TypeAlias

from pydantic import BaseModel, ConfigDict, create_model
from reactivex import operators as rxo

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.errors import excerpt

__all__ = ["Table", "build", "main", "row_of"]

Extract: TypeAlias = "Callable[[str], sk.Stream[Any]]"
TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
ORDER = "We need three pots at 12.50 each, a lid for 4 and, well, some soap."
ROWS = [
    {"product": "pot", "count": 3, "price": 12.5},
    {"product": "lid", "count": 1, "price": 4},
    {"product": "soap", "count": "some", "price": None},
]


def row_of(columns: Sequence[str]) -> type[BaseModel]:
    """A model with these columns, ``name`` or ``name:type``; ValueError for another type than str, int, float, bool."""
    fields: dict[str, Any] = {}
    for column in columns:
        name, _, kind = column.partition(":")
        if not name.isidentifier() or (kind or "str") not in TYPES:
            raise ValueError(f"a column is name or name:type with a type out of {', '.join(TYPES)}, not {column!r}")
        fields[name] = (TYPES[kind or "str"] | None, ...)
    return create_model("Row", __config__=ConfigDict(extra="ignore"), **fields)


class Table:
    """A sink: rows into a CSV file, with the names of the columns first. ``skip`` is told what does not fit."""

    def __init__(self, row: type[BaseModel], file: TextIO) -> None:
        self.rows = self.skipped = 0
        self._file, self._row = file, row
        self._table = csv.DictWriter(file, list(row.model_fields), lineterminator="\n")

    def write(self, item: BaseModel) -> None:
        if not self.rows:
            self._table.writeheader()
        self.rows += 1
        self._table.writerow(item.model_dump())
        self._file.flush()

    def skip(self, item: Any, error: sk.MalformedError) -> None:
        self.skipped += 1
        print(f"[left out: {excerpt(json.dumps(item, ensure_ascii=False), 80)}: {error}]", file=sys.stderr)


def build(
    client: sk.Client, row: type[BaseModel], *, limit: int | None = None, skip: Callable[..., object] | None = None
) -> Extract:
    """How to get the instances of ``row`` out of a text, one by one while the model writes them.

    ``limit`` of them end the request. ``skip(item, error)`` is called for what is no ``row``; without it that is an
    error. Raises `MalformedError` as well if the answer is no such list.
    """
    answer = create_model("Rows", rows=(list[row], ...))  # type: ignore[valid-type]  # it is one at run time

    def extract(text: str) -> sk.Stream[Any]:
        asked = [sk.system("List every item of the user's text. What is not known is null."), sk.user(text)]
        rows = client.chat(asked, response_format=answer).pipe(ops.json_items("rows", row, _skipped(skip)))
        rows = rows.pipe(rxo.filter(lambda item: item is not None))
        return rows if limit is None else rows.pipe(rxo.take(limit))

    return extract


def _skipped(skip: Callable[..., object] | None) -> Any:
    if skip is None:
        return "error"
    told = skip

    def instead(item: Any, error: sk.MalformedError) -> None:
        told(item, error)

    return instead


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("--columns", nargs="+", default=["product", "count:int", "price:float"])
    parser.add_argument("--limit", type=int)
    parser.add_argument("--model", default=os.environ.get("OPENAI_MODEL", "gpt-4o-mini"))
    args = parser.parse_args(argv)
    try:
        row = row_of(args.columns)
    except ValueError as exc:
        parser.error(str(exc))
    table = Table(row, sys.stdout)
    text = ORDER if sys.stdin.isatty() else sys.stdin.read() or ORDER
    with _client(args.model) as client:
        try:
            sk.run(build(client, row, limit=args.limit, skip=table.skip)(text), table)
        except sk.StreamkitError as exc:
            print(f"[{exc}]", file=sys.stderr)
            return 1
    print(f"[{table.rows} rows, {table.skipped} left out]", file=sys.stderr)
    return 0


def _client(model: str) -> sk.Client:
    if os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL"):
        return sk.Client(model=model)
    print("There is no OPENAI_API_KEY: the rows come from a script, whatever the text.", file=sys.stderr)
    return testing.client(testing.Script(json.dumps({"rows": ROWS}), every=0.05))


if __name__ == "__main__":
    sys.exit(main())

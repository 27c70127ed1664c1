"""Structured data out of a growing reply: each item as soon as it is whole, then the whole of it, checked."""

from datetime import date
from decimal import Decimal

from pydantic import BaseModel

import streamkit as sk
from streamkit import ops


class Line(BaseModel):
    article: str
    price: Decimal


class Invoice(BaseModel):
    day: date | None = None
    lines: list[Line] = []


def refused(item: object, error: sk.MalformedError) -> Line:
    return Line(article=f"? {error.kind}", price=Decimal(0))


def main() -> None:
    client = sk.Client(model="small")
    stream = client.chat("Read this invoice.", response_format=Invoice)
    total = Decimal(0)
    for line in stream.pipe(ops.json_items("lines", model=Line)):
        total += line.price
        print(line.article, total)
    articles = stream.pipe(ops.json_items("lines", model=Line))
    print(list(articles.filter(lambda line: line.price > 2).map(lambda line: line.article)))
    for part in stream.pipe(ops.json_values(Invoice)):
        print(len(part.lines), end=" ")
    invoice = stream.run().parse(Invoice)
    print(invoice.day, sum(line.price for line in invoice.lines))
    for line in sk.from_text(['[{"article": "pen", "price": "cheap"}]']).pipe(ops.json_items("", Line, refused)):
        print(line)


if __name__ == "__main__":
    main()

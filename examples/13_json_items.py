"""A list of JSON objects as models, each as soon as it is complete; enough of them end the request."""

import json
import os

from pydantic import BaseModel
from reactivex import operators as rxo

import streamkit as sk
from streamkit import operators as ops, testing


class City(BaseModel):
    name: str
    people: int


class Cities(BaseModel):
    cities: list[City]


names = {"Tokyo": 37, "Delhi": 33, "Shanghai": 29, "Dhaka": 23, "São Paulo": 22}
answer = {"cities": [{"name": name, "people": millions * 1_000_000} for name, millions in names.items()]}
script = testing.Script(json.dumps(answer), every=0.01)
client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client(script)

stream = client.chat("The largest cities?", response_format=Cities)
cities = stream.pipe(ops.json_items("cities", City, unfinished="keep"), rxo.take(3))
reply = sk.run(cities, lambda city: print(f"{city.name:10} {city.people:>12,}"))
print(f"[{reply.outcome} after {len(reply.text)} characters: {reply.text[:20]}…]")

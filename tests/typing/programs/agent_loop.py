"""An agent: the model calls functions, blocking and async ones, until it knows the answer."""

import asyncio
import logging
from datetime import date
from typing import Literal

from pydantic import BaseModel

import streamkit as sk
from streamkit import ops


class Place(BaseModel):
    city: str
    country: str = "CH"


def weather(place: Place, day: date, unit: Literal["C", "F"] = "C") -> dict[str, object]:
    """The weather somewhere on a day."""
    return {"city": place.city, "weekday": day.isoweekday(), "degrees": 21, "unit": unit}


async def remind(text: str, minutes: int = 30) -> str:
    """Remind the user of something later."""
    raise RuntimeError(f"no calendar for {text!r} in {minutes} minutes")


TOOLS = [weather, remind]
logging.getLogger("streamkit").setLevel(logging.ERROR)  # a tool that raises is no news: it is printed below


async def main() -> None:
    client = sk.Client(model="small")

    def ask(messages: list[sk.Message]) -> sk.ReplyStream:
        return client.chat(messages, tools=TOOLS, tool_choice="auto").pipe(ops.redact("key"))

    history = [sk.user("How is Bern today? Remind me of my sun glasses.")]
    loop = sk.tool_loop(ask, history, TOOLS, rounds=4)
    async for event in loop.pipe(ops.note("events")):
        match event:
            case sk.ToolCall(name=name, arguments=arguments):
                print("calls", name, arguments)
            case sk.ToolResult(call=call, value=value, error=error):
                print(call.name, "gave", error or value)
            case sk.RoundEnd():
                print("--")
            case sk.Reply():
                history += event.messages
                print(event.text, event.rounds)
            case _:
                pass
    print([message["role"] for message in history])


if __name__ == "__main__":
    asyncio.run(main())

"""A web service that passes replies on: any client of the OpenAI API can read it, and who leaves ends the request.

Needs fastapi, uvicorn: pip install fastapi uvicorn
Served by ``uvicorn examples.23_fastapi_relay:app``, or by running this file, which also asks it once.
"""

import asyncio
import os
import socket
from typing import Any

import uvicorn
from fastapi import Body, FastAPI
from fastapi.responses import StreamingResponse

import streamkit as sk
from streamkit import operators as ops, testing

client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client("Relayed, word by word.")
app, served = FastAPI(), list[sk.Reply]()


@app.post("/v1/chat/completions")
async def chat(messages: list[dict[str, Any]] = Body(embed=True)) -> StreamingResponse:  # noqa: B008
    listener = sk.on(reply=served.append)  # called for every way to end
    relay = sk.sse(client.chat(messages).pipe(ops.redact("email"), ops.attach(listener)))
    return StreamingResponse(relay, headers=relay.headers)


async def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    async with sk.Client(f"http://127.0.0.1:{listening.getsockname()[1]}/v1", "any key", model="any") as reader:
        async for piece in reader.chat("Hello?").pipe(ops.text()):
            print(piece, end="", flush=True)
    server.should_exit = True
    await serving
    print(f"\n[served: {served[0].outcome}, {len(served[0].text)} characters]")


if __name__ == "__main__":
    asyncio.run(main())

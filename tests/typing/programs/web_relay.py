"""A web service that passes replies on, logs each of them, and closes the request when the browser leaves."""

import asyncio
import socket

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

import streamkit as sk
from streamkit import ops

app = FastAPI()
client = sk.Client(model="small")
served: list[sk.Reply] = []


class Question(BaseModel):
    text: str
    temperature: float | None = None


@app.post("/ask")
async def ask(question: Question) -> StreamingResponse:
    stream = client.chat(question.text, temperature=question.temperature)
    safe = stream.pipe(ops.redact("email"), ops.time_limits(first=10), ops.attach(sk.on(reply=served.append)))
    relay = sk.sse(safe, format="events")
    return StreamingResponse(relay, headers=relay.headers)


async def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    host, port = "127.0.0.1", int(listening.getsockname()[1])
    reader, writer = await asyncio.open_connection(host, port)
    body = b'{"text": "Hi"}'
    head = f"POST /ask HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    async for line in reader:
        if line.startswith(b"event: "):
            print(line.decode().strip())
    writer.close()
    server.should_exit = True
    await serving
    print(served[0].outcome, served[0].text)


if __name__ == "__main__":
    asyncio.run(main())

"""A program that used the openai library: its client, its messages and its loop stay, the stream becomes ours."""

import asyncio

from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionMessageParam

import streamkit as sk
from streamkit import ops

messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hi"}]


def before(client: OpenAI) -> str:
    text = ""
    for chunk in client.chat.completions.create(model="small", messages=messages, stream=True):
        if chunk.choices and chunk.choices[0].delta.content:
            text += chunk.choices[0].delta.content
    return text


def after(client: OpenAI) -> str:
    stream = sk.from_sdk(lambda: client.chat.completions.create(model="small", messages=messages, stream=True))
    for piece in stream.pipe(ops.redact("email"), ops.text()):
        print(piece, end="|")
    print()
    return stream.run().text


async def after_async() -> sk.Reply:
    async with AsyncOpenAI() as client:
        made = client.chat.completions.create(model="small", messages=messages, stream=True)
        return await sk.from_sdk(await made).pipe(ops.time_limits(first=5))


def without_the_library() -> None:
    client = sk.Client(model="small")
    reply = sk.run(client.chat(messages))
    history = [*messages, *reply.messages, sk.user("And now?")]
    print(sk.run(client.chat(history)).text, len(history))
    with OpenAI() as library:
        chat = library.chat.completions.create(model="small", messages=messages)
    print(client.chat([*messages, chat.choices[0].message, sk.user("Go on.")]).run().outcome)


def main() -> None:
    with OpenAI() as library:
        print(before(library) == after(library))
    print(asyncio.run(after_async()).text)
    without_the_library()


if __name__ == "__main__":
    main()

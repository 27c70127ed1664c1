"""Nothing is shown before it was checked: names are hidden, each sentence is judged, and money has an end."""

import asyncio

import streamkit as sk
from streamkit import ops

PRICES = {"small": sk.Prices(input=0.15, output=0.6)}


async def judge(sentence: str) -> bool | str:
    """True to show it, a text in its place, or False to end the reply."""
    await asyncio.sleep(0)
    if "secret" in sentence:
        return False
    return sentence.replace("damn", "darn") if "damn" in sentence else True


def shown(text: str) -> None:
    print("shows:", text.strip())


async def main() -> None:
    client = sk.Client(model="small")
    stream = client.chat("Tell me.", max_tokens=500).pipe(
        ops.redact("email", "phone", (r"ACME-\d+", "[product]")),
        ops.guard(judge, "sentence", concurrency=4),
        ops.stop_at("END"),
        ops.meter(PRICES),
        ops.budget(cost=0.5, prices=PRICES),
    )
    reply = await stream
    print(reply.outcome, reply.stopped_by, reply.messages[0]["content"])
    if reply.usage is not None and reply.usage.cost is not None:
        print(reply.usage.cost < 0.01)
    await sk.start(stream, sk.branch(ops.sentences(), into=shown))


if __name__ == "__main__":
    asyncio.run(main())

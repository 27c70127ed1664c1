"""Two models beside each other, one of which fails; a race of them; and a spare one for bad days."""

import asyncio
from collections import defaultdict

import streamkit as sk
from streamkit import ops


async def main() -> None:
    client = sk.Client(retry=sk.Retry(attempts=0))
    models = ["good", "quick", "broken"]
    replies: dict[str, sk.Reply] = {}
    texts: defaultdict[str, list[str]] = defaultdict(list)
    failed: list[str] = []
    async for labelled in sk.side_by_side({name: client.chat("Hi", model=name) for name in models}):
        match labelled.item:
            case sk.Failure(error=error):
                failed.append(f"{labelled.label}: {type(error).__name__}")
            case sk.TextDelta(text=text):
                texts[labelled.label].append(text)
            case sk.Reply() as reply:
                replies[labelled.label] = reply
            case _:
                pass
    print(sorted(replies), failed, "".join(texts["good"]))

    race = sk.race(*(client.chat("Hi", model=name) for name in models), after=0.2)
    winner = await race.pipe(ops.time_limits(total=5))
    print(winner.text)
    spare = await client.chat("Hi", model="broken").pipe(ops.fallback(client.chat("Hi", model="quick")), ops.meter())
    print(spare.text, spare.attempts)
    shared = sk.share(client.chat("Hi", model="good"), replay=1000)
    first, second = await asyncio.gather(shared, shared.pipe(ops.text(), ops.snapshots()))
    print(first.text == second)


if __name__ == "__main__":
    asyncio.run(main())

"""A search box: each question replaces the one before, what is typed in haste is not asked, and the label grows."""

import asyncio

import reactivex as rx
from reactivex import operators as rxo
from reactivex.subject import BehaviorSubject, Subject

import streamkit as sk
from streamkit import ops


class Screen:
    def __init__(self) -> None:
        self.typed: Subject[str] = Subject()
        self.busy = BehaviorSubject(False)
        self.labels: list[str] = []

    def show(self, text: str) -> None:
        self.labels.append(text)


def answers(client: sk.Client, screen: Screen) -> sk.Stream[str]:
    def answer(question: str) -> sk.Stream[str]:
        screen.busy.on_next(True)
        grown = client.chat(question).pipe(ops.snapshots(), rxo.start_with("…"), rxo.distinct_until_changed())
        return grown.finally_action(lambda: screen.busy.on_next(False))

    return sk.stream(screen.typed).debounce(0.05).filter(lambda text: len(text) > 2).switch_map(answer)


async def main() -> None:
    screen, idle = Screen(), asyncio.Event()
    states = screen.busy.pipe(rxo.skip(1), rxo.do_action(lambda busy: print("busy" if busy else "idle")))
    states.subscribe(lambda busy: None if busy else idle.set())
    with sk.Client(model="small") as client:
        subscription = answers(client, screen).subscribe(screen.show, print)
        for text in ("w", "wh", "why", "why?"):
            screen.typed.on_next(text)
        await idle.wait()
        subscription.dispose()
        lengths = client.chat("Hi").pipe(ops.text()).map(lambda piece: len(piece)).scan(lambda total, n: total + n, 0)
        print(sorted(await lengths.last().merge(rx.of(0)).to_list()))
    print(screen.labels[0], screen.labels[-1])


if __name__ == "__main__":
    asyncio.run(main())

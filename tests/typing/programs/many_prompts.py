"""A thousand prompts (three here) overnight: bounded, remembered, and told what went wrong."""

import tempfile
from pathlib import Path
from typing import TypedDict

import streamkit as sk
from streamkit import ops


class Ticket(TypedDict):
    id: int
    text: str


def main() -> None:
    client = sk.Client(model="small", retry=sk.Retry(attempts=0))
    tickets: list[Ticket] = [{"id": 1, "text": "It hurts."}, {"id": 2, "text": "fails"}, {"id": 3, "text": "Thanks!"}]

    def ask(ticket: Ticket) -> sk.ReplyStream:
        model = "broken" if ticket["text"] == "fails" else None
        return client.chat([sk.system("Classify."), sk.user(ticket["text"])], model=model).pipe(ops.stop_at("\n"))

    def run(ledger: Path) -> list[sk.BatchItem]:
        batch = sk.batch(tickets, ask, key=lambda ticket: str(ticket["id"]), ledger=ledger, ordered=True)
        return list(batch)

    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            for item in run(Path(folder) / "ledger.jsonl"):
                if item.error is not None:
                    print(item.key, item.error.kind, item.error.status, item.error.partial.text)
                elif item.reply is not None:
                    print(item.key, item.reply.text, item.from_ledger)
    texts = sk.batch(["a", "b"], client.chat, concurrency=2).map(lambda item: item.text).to_set()
    print(texts.run())


if __name__ == "__main__":
    main()

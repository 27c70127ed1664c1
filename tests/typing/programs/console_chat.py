"""A chat in the terminal that remembers, and that goes on after a failure."""

import streamkit as sk


def main() -> None:
    client = sk.Client(model="small", retry=sk.Retry(attempts=0))
    history = [sk.system("Be brief.")]
    screen = sk.on(
        text=lambda piece: print(piece, end="", flush=True),
        usage=lambda usage: print(f" [{usage.completion_tokens} tokens]", end=""),
    )
    while True:
        try:
            question = input("you: ")
        except EOFError:
            break
        history.append(sk.user(question))
        try:
            reply = sk.run(client.chat(history, temperature=0.2, max_tokens=200), screen)
        except sk.StatusError as error:
            print(f"[{error.kind} {error.status}]")
            history.pop()
            continue
        except sk.StreamkitError as error:
            print(f" [{error.kind}]", end="")
            reply = error.partial
        history += reply.messages
        print(f"\n{len(history)} messages, {reply.outcome}")
    print(history[-1]["content"])


if __name__ == "__main__":
    main()

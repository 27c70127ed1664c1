"""The model asks for something that a person has to allow: the conversation waits as JSON, for a day if need be."""

import json
import os

import streamkit as sk
from streamkit import testing


def delete(path: str) -> str:
    """Delete a file."""
    return f"deleted {path}"


asks = testing.Script("I will tidy up.", tool_calls=[("delete", {"path": "old.txt"})])
scripts = asks, "Then I leave it there."
client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client(*scripts)

history = [sk.user("Tidy up my folder.")]
reply = sk.run(client.chat(history, tools=[delete]))
waiting = json.dumps({"asked": history, "reply": json.loads(sk.to_json(reply))})  # into a database, say

# Later, perhaps in another process: every call gets exactly one result, allowed or not.
stored = json.loads(waiting)
kept = sk.from_json(json.dumps(stored["reply"]))
assert isinstance(kept, sk.Reply)
calls = kept.tool_calls if kept.outcome == "complete" else ()  # those of a reply that was cut take no results
for call in calls:
    print(f"May I run {call.name}({call.arguments})? No.")
results = [call.result("the user denied it", is_error=True) for call in calls]
if results:
    kept = sk.run(client.chat([*stored["asked"], *kept.messages, *results], tools=[delete]))
print(kept)

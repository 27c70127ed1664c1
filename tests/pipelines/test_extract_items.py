from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import streamkit as sk
from pipelines import extract_items
from streamkit import testing

pytestmark = pytest.mark.slow  # each starts a program

HERE = Path(__file__).resolve().parents[2]
ROW = extract_items.row_of(["name", "age:int"])
PEOPLE = [{"name": "Ada", "age": 36}, {"name": "Bo, Jr", "age": "old"}, {"name": "Cy", "age": None}]
TEXT = json.dumps({"rows": PEOPLE})


def test_rows_are_written_as_they_come_and_what_does_not_fit_is_left_out(capsys):
    file = io.StringIO()
    table = extract_items.Table(ROW, file)
    with testing.client(TEXT) as client:
        sk.run(extract_items.build(client, ROW, skip=table.skip)("who?"), table)
        form = client.requests[0].body["response_format"]["json_schema"]
    assert file.getvalue() == "name,age\nAda,36\nCy,\n"
    assert (table.rows, table.skipped) == (2, 1)
    assert "Bo, Jr" in capsys.readouterr().err
    assert form["strict"] is True
    assert form["schema"]["$defs"]["Row"]["required"] == ["name", "age"]


def test_a_row_that_does_not_fit_is_an_error_where_nobody_asked_to_skip_it():
    with testing.client(TEXT) as client:
        rows = []
        with pytest.raises(sk.MalformedError, match="item 1 of the list"):
            sk.run(extract_items.build(client, ROW)("who?"), rows.append)
    assert [row.name for row in rows] == ["Ada"]


def test_enough_rows_end_the_request():
    with testing.client(testing.Script(TEXT, every=0.01)) as client:
        rows = []
        reply = sk.run(extract_items.build(client, ROW, limit=1)("who?"), rows.append)
        assert client.requests[0].outcome == "cancelled"
    assert (len(rows), reply.outcome) == (1, "stopped")


@pytest.mark.parametrize("column", ["a b", "a:date", ":int", ""])
def test_columns_that_cannot_be_are_refused(column):
    with pytest.raises(ValueError, match="column"):
        extract_items.row_of([column])


def run(text: str, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipelines.extract_items", *args]
    env = {**os.environ, "PYTHONASYNCIODEBUG": "", **env}
    return subprocess.run(command, input=text, capture_output=True, text=True, cwd=HERE, env=env)


def test_it_runs_without_a_key_and_says_so():
    done = run("")
    assert (done.returncode, done.stdout) == (0, "product,count,price\npot,3,12.5\nlid,1,4.0\n")
    assert "come from a script" in done.stderr
    assert done.stderr.endswith("[2 rows, 1 left out]\n")


def test_with_a_key_it_asks_the_api_and_a_failure_is_told():
    server = testing.Server('{"rows": [{"what": "tea"}, {"what": "milk"}]}', "I would rather not.")
    with server.running() as url:
        env = {"OPENAI_API_KEY": "key", "OPENAI_BASE_URL": url}
        done = run("tea and milk", "--columns", "what", "--limit", "1", **env)
        assert (done.returncode, done.stdout) == (0, "what\ntea\n")
        assert server.requests[0].body["messages"][-1] == sk.user("tea and milk")
        done = run("tea", **env)
        assert (done.returncode, done.stdout) == (1, "")
        assert "there is no JSON" in done.stderr
    assert run("", "--columns", "a:date").returncode == 2

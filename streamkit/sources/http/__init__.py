"""Requests over httpx: the client, its pools and clocks, and what it makes of answers."""

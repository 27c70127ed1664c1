"""Servers that play scripts and recordings: a real one on loopback, and a transport for httpx."""

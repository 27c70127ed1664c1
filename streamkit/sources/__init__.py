"""Where events come from: requests over httpx, the official library's streams, recordings, any iterable."""

"""Streams as users hold them: sources, operators and the stream that is iterated, awaited and piped."""

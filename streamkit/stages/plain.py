def plain(text, kind): return text

"""Text cut into sentences, words, lines, paragraphs and blocks of code, the same ones however it comes."""

"""The line to the terminal: what is written to it, in how few bytes, and a break of it."""

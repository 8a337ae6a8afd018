"""The settings: where they come from, what they may be, what is wrong with them, and their file."""

"""The way back: a version becomes a tree."""

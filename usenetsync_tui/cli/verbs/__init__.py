"""The verbs of the command, a module a group of them."""

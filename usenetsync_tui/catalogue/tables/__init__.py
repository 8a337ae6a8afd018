"""The catalogue's tables, a module each, with what changes together with them."""

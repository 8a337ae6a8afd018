"""One connection to one server: dialled, secured, logged in, and spoken over."""

"""The source of an upload: walk it in one order, open it safely, compare it with the walk."""

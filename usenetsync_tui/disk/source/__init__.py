"""The source of an upload: walked in one order, opened safely, compared with what the walk saw."""

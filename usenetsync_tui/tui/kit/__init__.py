"""The kit: widgets, lines of inked text and paged lists that know no engine and no pane."""

"""The usenet store: articles on NNTP servers."""

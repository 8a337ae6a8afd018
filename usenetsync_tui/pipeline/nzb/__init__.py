"""A `plain` version as NZB files, for any newsreader."""

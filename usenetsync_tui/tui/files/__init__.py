"""The list of a version's files, in the dashboard and over the screen: filtered, marked."""

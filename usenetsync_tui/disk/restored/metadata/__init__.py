"""What few restored files have: extended attributes, further names, holes; and special files.

Knows how each is made and compared through an open directory or file. Refuses to know which file of
a version has what (`target_tree` gets it from its caller).
"""

"""Read-only questions to the catalogue, for the screen, the command and the doctor.

Knows pages, counts and figures of the tables. Refuses to know who writes the rows, and changes no
table. A page begins after a key, never after a number of rows.
"""

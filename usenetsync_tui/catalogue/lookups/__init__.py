"""Questions to the catalogue that change nothing: for the screen, the command and the doctor.

Knows pages, counts and figures of what the tables hold. Refuses to know how rows came to be, and
changes no table. A page begins behind a key, never at a number of rows.
"""

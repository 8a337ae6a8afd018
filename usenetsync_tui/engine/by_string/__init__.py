"""What the engine does with a folder of which it has only the recovery string.

Knows the `scratch` catalogue that a restore works from. Refuses to know how the folder is found
(`recovery`), and how its index becomes rows (`pipeline.index`).
"""

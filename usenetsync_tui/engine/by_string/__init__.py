"""What the engine does with recovery strings: of a folder, and where only the string is left.

Knows how a string is made (`folder_string`) and shown (`sharing`), and that it leads to a store
(`recovery`), to a restore from a `scratch` catalogue, and to a folder here (`adoption`). Refuses to
know how an index is read and becomes rows (`pipeline.index`).
"""

"""The verbs as a user types them: names, arguments, options and help texts, and nothing else.

A verb's module here imports no library but click. What the verb does is in the module of `cli`
that its `loaded_from` names.
"""

"""The verbs as a user types them: names, arguments, options and help texts, and nothing else.

Knows click, and where each verb's work is: in the module of `cli.actions` that its `loaded_from`
names. Refuses to know that work, so that help answers at once.
"""

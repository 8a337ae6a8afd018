"""An examination of this machine, for the command and for the screen.

Knows the checks, their order, and what to do about what they find. Refuses to know how a finding
is shown, and the terminal: each window checks its own.
"""

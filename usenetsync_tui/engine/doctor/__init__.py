"""Doctor: an examination of this machine, for the command and for the screen.

Knows the checks, their order, and the advice for each finding. Refuses to know how a finding is
shown, and the terminal: each window checks its own.
"""

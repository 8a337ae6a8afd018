"""What a restore brings back, where, and what it does with what is there.

Knows the user's choices and the plan made of them. Refuses to know how files are written.
"""

"""What keys, the palette and the `:` line do: everything a user can ask for, in one room.

Knows which command of the engine a key becomes, and which dialog asks first. Refuses to draw, and
to carry a command out: the engine does.
"""

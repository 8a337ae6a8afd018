"""What keys, the palette and the `:` line do: everything a user can ask for, in one room."""

"""What keys, the palette and the `:` line do: a list of actions for each of folders, jobs, lists,
panes and the application, and the context that a screen gives them."""

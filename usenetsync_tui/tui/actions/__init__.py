"""What keys, the palette and the `:` line do: actions on folders, jobs, lists, panes and the rest.

One key press, from the keyboard to the catalogue. Textual finds the binding that `kit.action` made
of an `Action`, and calls `ActionHost.action_do` of the node that binds it: a pane, or the screen on
top, which is a `commands.action_screen.ActionScreen`. Of the actions on the key that takes the one
that applies, or says why none does, and runs it with the node as its context. `RESTORE`, say, takes
the folder, version and path at hand from its `Context`, asks with a dialog of `dialogs`, and posts
a `CommandRequest` with a frozen value of `model.commands`. That bubbles up to `app`, the only one
that submits to the engine; there `engine.requests.dispatch` matches it and writes the job into the
catalogue. A `:` line comes to the same actions through `commands.run_command`.

Knows of each action when it applies, which dialog asks first, and which command of the engine comes
of it. Refuses to draw, and to carry a command out. Actions on a pane alone (its marks, its rows)
stand beside the pane.
"""

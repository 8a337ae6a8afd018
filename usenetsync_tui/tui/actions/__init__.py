"""What keys, the palette and the `:` line do: actions on folders, jobs, lists, panes and the rest.

Every action is one `kit.action.Action` in a table (`FOLDER_ACTIONS`, `JOB_ACTIONS`, …): its id and
words, the function that runs, the conditions under which it applies, its keys and its command.

One key press, from the keyboard to the catalogue. Textual finds the binding that `kit.action` made
of an `Action`, and calls `ActionHost.action_do` of the node that binds it: a pane, or the screen on
top, a `commands.action_screen.ActionScreen`. That node runs the first action on the key that
applies, with itself as the context, or says why none applies. `restore_actions.restore`, for
example, takes the folder, version and path at hand from its `Context`, asks with a dialog of
`dialogs`, and posts a `CommandRequest` with a frozen value of `model.commands`. That bubbles up to
`app`, which alone submits to the engine; there `engine.requests.dispatch` matches it and writes the
job into the catalogue. A `:` line runs the same actions through `commands.run_command`.

Knows of each action when it applies, which dialog asks first, and which command it sends to the
engine. Refuses to draw, and to carry out a command. Actions on a pane alone (its marks, its rows)
are in the module of the pane, or beside it.
"""

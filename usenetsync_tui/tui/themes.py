"""The two themes of the screen.

Every colour is in the xterm palette of 256 colours (which shows light greys one step darker), so a
terminal without true colour shows the same picture as one with it.
"""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="usenetsync-dark",
    dark=True,
    primary="#5fafd7",
    secondary="#8a8a8a",
    accent="#87d7ff",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    success="#87af5f",
    warning="#d7af5f",
    error="#ff8787",
    variables={
        "ink-muted": "#8a8a8a",
        "ink-track": "#444444",
        "frame": "#444444",
        "frame-focus": "#5fafd7",
        "cursor": "#303030",
        "footer-background": "#1c1c1c",
        "footer-key-foreground": "#87d7ff",
        "footer-description-foreground": "#8a8a8a",
        "scrollbar": "#444444",
        "scrollbar-background": "#121212",
        "border-blurred": "#1c1c1c",
        "block-cursor-text-style": "none",
    },
)

LIGHT = Theme(
    name="usenetsync-light",
    dark=False,
    primary="#005f87",
    secondary="#6c6c6c",
    accent="#005faf",
    foreground="#262626",
    background="#eeeeee",
    surface="#e4e4e4",
    panel="#dadada",
    success="#005f00",
    warning="#875f00",
    error="#af0000",
    variables={
        "ink-muted": "#6c6c6c",
        "ink-track": "#bcbcbc",
        "frame": "#bcbcbc",
        "frame-focus": "#005f87",
        "cursor": "#d0d0d0",
        "footer-background": "#e4e4e4",
        "footer-key-foreground": "#005f87",
        "footer-description-foreground": "#585858",
        "scrollbar": "#b2b2b2",
        "scrollbar-background": "#eeeeee",
        "border-blurred": "#e4e4e4",
        "block-cursor-text-style": "none",
    },
)

TOGGLED = {
    DARK.name: LIGHT.name,
    LIGHT.name: DARK.name,
    "ansi-dark": "ansi-light",
    "ansi-light": "ansi-dark",
}
"""The theme that the key `T` switches to, by the current theme."""

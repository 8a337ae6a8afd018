"""The style sheets of the screen, each parsed once.

Textual sets the theme's variables when the screen opens and parses everything again, although they
are those that it began with.
"""

from __future__ import annotations

from textual.css.stylesheet import Stylesheet


class ParsedStyles(Stylesheet):
    """Textual's style sheets; parses a source again only after a variable has changed."""

    def set_variables(self, variables: dict[str, str]) -> None:
        """Set the variables of the theme; forgets what was parsed only if one differs."""
        if variables != self._variables:
            super().set_variables(variables)

    def reparse(self) -> None:
        """Parse what was not parsed with these variables. Errors leave the rules as they are."""
        self.parse()

"""The `:` line, the palette, and the screen that offers the same actions everywhere."""

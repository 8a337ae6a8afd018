"""Questions to the catalogue that change nothing: for the screen, the command and the doctor."""

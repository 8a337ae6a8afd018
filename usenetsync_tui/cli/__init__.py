"""The command of DESIGN §9: one module a group of verbs; wires, prints, and sets exit codes."""

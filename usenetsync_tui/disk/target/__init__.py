"""The target of a restore: how to write below one directory and nowhere else."""

"""The target of a restore: written below one directory and nowhere else."""

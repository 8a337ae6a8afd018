"""What every run of a job shares: its figures, its streams, its workers, and how it fetches."""

"""The engine's life: opening the catalogue, the queue of jobs, the heartbeat, the thread."""

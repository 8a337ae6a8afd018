"""Whether what was posted is still there, and posting again what is not."""

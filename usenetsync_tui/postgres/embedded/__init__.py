"""The embedded PostgreSQL: made, found, started, shared and stopped."""

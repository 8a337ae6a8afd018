"""What a user asks of a running engine: one `match`, and what each request does."""

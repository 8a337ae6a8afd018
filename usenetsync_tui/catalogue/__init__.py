"""The catalogue: what UsenetSync remembers, in PostgreSQL.

Knows the tables and the SQL. Refuses to know the disk, the network and the screen.

- `session`: the catalogue and its transactions; the functions of `tables` take a transaction first.
- `tables`: one module per table, with the rows that change together.
- `lookups`: read-only questions.
- `migrations/`: the numbered files that make up the schema.

SQL is in the `.sql` file beside the module that uses it, each query with a name and a purpose.
"""

"""The catalogue: what UsenetSync remembers, in PostgreSQL.

Knows the tables and the SQL. Refuses to know the disk, the network and the screen.

- `session`: the catalogue and its transactions; every function of the tables takes one first.
- `tables`: the tables, a module for each, with what changes together.
- `lookups`: questions that change nothing.
- `migrations/`: the numbered files that make the schema; together they are the schema.

SQL lies in the `.sql` file beside the module that uses it, each query with a name and a purpose.
"""

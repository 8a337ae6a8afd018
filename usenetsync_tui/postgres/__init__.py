"""How we talk to PostgreSQL: addresses, connections, locks, migrations, bulk rows and `.sql` files.

Knows psycopg and the edge where its errors become ours. Refuses to know any table. The server that
we bring ourselves is in `embedded`.
"""

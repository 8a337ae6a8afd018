"""All connections of all servers: who gets one, and which server is to be left alone."""

"""`/api/v1/`: the addresses of all floors together, signing in, the schema and its page."""

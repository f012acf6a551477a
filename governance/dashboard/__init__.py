"""The dashboard of a ground: whose it is, what is counted over it, and that every number is the length of its list."""

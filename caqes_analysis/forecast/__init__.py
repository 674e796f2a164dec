"""Year-end landing: what the whole year will amount to, from its first months."""

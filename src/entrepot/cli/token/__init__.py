"""``entrepot token``: one command a file."""

"""``entrepot config``: one command a file."""

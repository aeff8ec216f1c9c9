"""``entrepot user``: one command a file."""

"""``entrepot robot``: one command a file."""

"""``entrepot access``: one command a file."""

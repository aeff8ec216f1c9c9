"""``entrepot group``: one command a file."""

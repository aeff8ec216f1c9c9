"""``entrepot rule``: one command a file."""

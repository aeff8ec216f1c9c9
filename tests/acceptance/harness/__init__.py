"""Real clients in network namespaces of their own, and the registries that they talk to."""

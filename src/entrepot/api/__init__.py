"""The /v2/ protocol: requests in, services called, responses out."""

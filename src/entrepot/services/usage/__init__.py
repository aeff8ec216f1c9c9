"""How much lies where: lists of it, and a recount of its counters."""

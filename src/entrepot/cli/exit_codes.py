"""How a command ends, for scripts and supervisors. Written down in docs/configuration.md."""

OK = 0
FAILURE = 1
USAGE = 2
# EX_UNAVAILABLE of sysexits.h: another program listens on the address; it may end.
ADDRESS_IN_USE = 69
# EX_CONFIG of sysexits.h: starting again will not help until somebody edits the configuration.
CONFIGURATION = 78
INTERRUPTED = 130

"""The supervised processes, one module each. Their settings come from the environment."""

LISTEN_FD = "TUISAN_LISTEN_FD"
"""The variable that names the inherited listening socket. All API processes accept from this socket: while one of
them is gone or hangs, the others take its connections, and none is refused."""

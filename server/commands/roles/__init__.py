"""What runs in the supervised processes, one module each; their settings come through the environment."""

LISTEN_FD = "TUISAN_LISTEN_FD"
"""Names the inherited listening socket in the environment. All API processes accept from the same one: while one of
them is gone or hangs, the others take its connections and none is refused."""

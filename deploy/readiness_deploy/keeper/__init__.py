"""The keeper: the one process on a machine that owns the listening socket, the colours and the route."""

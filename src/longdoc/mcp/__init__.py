"""Documents for agents: a Model Context Protocol server."""

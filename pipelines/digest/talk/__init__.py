"""Digests of what people say to one another: meetings, and hearings at which some ask and others answer."""

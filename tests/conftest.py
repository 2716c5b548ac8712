from __future__ import annotations

from hypothesis import Phase, settings

# No deadline: a test never judges by the clock of the machine it happens to run on.
settings.register_profile("longdoc", deadline=None, phases=set(Phase) - {Phase.explain})
settings.load_profile("longdoc")

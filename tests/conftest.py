from __future__ import annotations

from hypothesis import settings

# No deadline: a test never judges by the clock of the machine it happens to run on.
settings.register_profile("longdoc", deadline=None)
settings.load_profile("longdoc")

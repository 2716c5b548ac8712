from __future__ import annotations

import os

from hypothesis import Phase, settings

# Small products gain nothing by threads, and threads that spin for one another make a busy machine slow.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No deadline: a test never judges by the clock of the machine it happens to run on. On CI the examples are the same
# for the same code, so that a red run can be made again; elsewhere they differ from run to run, to find more.
phases = set(Phase) - {Phase.explain}
settings.register_profile("longdoc", deadline=None, phases=phases, derandomize="CI" in os.environ)
settings.load_profile("longdoc")

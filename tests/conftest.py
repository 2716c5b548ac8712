from __future__ import annotations

import os
import tempfile

from hypothesis import Phase, settings

# Small products gain nothing by threads, and threads that spin for one another make a busy machine slow.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# What the command line keeps between runs is kept where no run of the tests finds what another left.
_CACHE = tempfile.TemporaryDirectory(prefix="longdoc-tests-")
os.environ["XDG_CACHE_HOME"] = _CACHE.name

# No deadline: a test never judges by the clock of the machine it happens to run on. On CI the examples are the same
# for the same code, so that a red run can be made again; elsewhere they differ from run to run, to find more.
phases = set(Phase) - {Phase.explain}
settings.register_profile(
    "longdoc",
    deadline=None,
    phases=phases,
    derandomize="CI" in os.environ,
    max_examples=int(os.environ.get("LONGDOC_EXAMPLES", "50")),
)
settings.load_profile("longdoc")

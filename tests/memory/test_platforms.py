"""Cache, index, history and server where the system lacks what Linux has: in a process that it was taken from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TAKEN = {
    "fcntl": "sys.modules['fcntl'] = None",
    "resource": "sys.modules['resource'] = None",
    "folder fsync": """
known = os.fsync
def fsync(descriptor):
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        raise OSError(22, "Invalid argument")
    known(descriptor)
os.fsync = fsync
""",
    "folder open": """
opened = os.open
def refuse(path, flags, mode=0o777, **more):
    if os.path.isdir(path) and not more:
        raise PermissionError(13, "Permission denied")
    return opened(path, flags, mode, **more)
os.open = refuse
""",
    "signals": "[delattr(signal, name) for name in ('SIGKILL', 'SIGUSR1', 'SIGALRM', 'setitimer', 'pthread_sigmask')]",
}
JOB = """
import os, signal, stat, sys
from pathlib import Path
{taken}
import torch
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage
from longdoc import ChatHistory, DocumentIndex, EncodingCache
from longdoc.server.app import create_app
from longdoc.server.settings import ServerSettings

folder = Path(sys.argv[1])
with EncodingCache(folder / "cache") as cache:
    assert cache.get_or_compute("a/b", lambda: b"value") == b"value"
    assert cache.mget(["a/b"]) == [b"value"]
    cache.set_tensors("a/t", {{"t": torch.arange(3)}})
    assert cache.get_tensors("a/t")["t"].tolist() == [0, 1, 2]
index = DocumentIndex(folder / "index")
index.put([Document("The harbour was built in 1843.", id="d")])
assert index.matches("When was the harbour built?", 1)[0].document.page_content
history = ChatHistory(folder / "chats.sqlite3")
history.add_messages([HumanMessage("hello")])
assert history.messages == [HumanMessage("hello")]
create_app(ServerSettings(folder / "server"))
print("done")
"""


@pytest.mark.slow
@pytest.mark.parametrize("taken", list(TAKEN))
def test_nothing_needs_what_another_system_lacks(taken: str, tmp_path: Path) -> None:
    program = JOB.format(taken=TAKEN[taken])
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stdout) == (0, "done\n"), ended.stderr

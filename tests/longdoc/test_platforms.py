"""The main jobs where a system lacks what others have: each lack, and all of them, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

LACKS = {
    "fcntl": "sys.modules['fcntl'] = None",
    "resource": "sys.modules['resource'] = None",
    "affinity": "if hasattr(os, 'sched_getaffinity'): del os.sched_getaffinity, os.sched_setaffinity",
    # SIGKILL stays: torch takes it wherever `sys.platform` is not Windows.
    "signals": """
for name in ('SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGCHLD', 'SIGPIPE', 'SIGXCPU'):
    if hasattr(signal, name): delattr(signal, name)
for name in ('alarm', 'setitimer', 'pthread_sigmask', 'pthread_kill', 'sigwait'):
    if hasattr(signal, name): delattr(signal, name)""",
    "forks and users": """
for name in ('fork', 'forkpty', 'geteuid', 'getuid', 'getgid', 'setsid', 'killpg', 'getpgid', 'mkfifo'):
    if hasattr(os, name): delattr(os, name)
for name in ('pwd', 'grp', 'termios', 'tty', 'pty', 'syslog'):
    sys.modules[name] = None""",
    "opening folders": """
really = os.open
def opened(path, flags, *more, **named):
    if os.path.isdir(path): raise PermissionError(13, 'Permission denied', path)
    return really(path, flags, *more, **named)
os.open = opened""",
}
LACKS["all of them"] = "\n".join(LACKS.values())
JOBS = {
    "imports": """
import pkgutil, importlib
for module in pkgutil.walk_packages(longdoc.__path__, 'longdoc.'):
    if not module.name.endswith('__main__'): importlib.import_module(module.name)
for name in longdoc.__all__: getattr(longdoc, name)""",
    "summary and cache": """
folder = tempfile.mkdtemp()
for _ in range(2):
    with longdoc.EncodingCache(folder) as cache:
        tree = longdoc.summarize(TEXT, max_tokens=60, cache=cache)
assert tree.run.reused and tree.summary.sentences[0].text in TEXT""",
    "index and question": """
folder = pathlib.Path(tempfile.mkdtemp())
longdoc.DocumentIndex(folder).put([Document(id='a', page_content=TEXT, metadata={'source': 'a'})])
for index in (longdoc.DocumentIndex(folder),):
    assert 'bread' in longdoc.DocumentChat(index).ask('What does the baker sell?').text""",
    "server": """
from longdoc.server.app import create_app
from longdoc.server.settings import ServerSettings""",
}
# What other packages need of a system is theirs: transformers is imported before anything is taken away.
BEGIN = """
import os, signal, sys, tempfile, pathlib, warnings
import transformers.modeling_utils
{lack}
import longdoc
from langchain_core.documents import Document
TEXT = '# Town\\n\\n' + 'The baker sells bread in the market. The smith mends the wheels of the carts. ' * 20
"""


@pytest.mark.slow
@pytest.mark.parametrize("lack", LACKS)
def test_the_main_jobs_need_no_one_system(lack: str) -> None:
    code = BEGIN.format(lack=LACKS[lack]) + "\n".join(JOBS.values())
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.parametrize("job", ["imports", "summary and cache"])
def test_a_job_needs_no_one_system(job: str) -> None:
    code = BEGIN.format(lack=LACKS["all of them"]) + JOBS[job]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]

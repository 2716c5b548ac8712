"""Files are read in a process of their own: what a parser does to its time, memory or life ends that process only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from longdoc.chunkers.readers.registry import read_bytes
from longdoc.errors import InputError, LongdocError
from longdoc.memory.disk import write_whole

FILE, ABOUT, TEXT, READ = "file", "about.json", "text.utf32", "read.json"
ENCODING = "utf-32-le"  # four bytes a character, so that any stretch of the text is read without the rest
_MEMORY = 4 << 30  # bytes that the process may map


class Reader:
    """Reads the files of documents one after another, in a child process that is begun again where it was lost."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._child: subprocess.Popen[str] | None = None
        self.closed = False

    def read(self, folder: Path) -> None:
        """Makes `text.utf32` and `read.json` of the `file` in a document's folder.

        Raises `InputError` for a file that cannot be read, or not in time.
        """
        child = self._running()
        late = threading.Event()

        def end() -> None:
            late.set()
            child.kill()

        timer = threading.Timer(self._seconds, end)
        timer.start()
        try:
            answer = self._asked(child, folder).strip()
        finally:
            timer.cancel()
        if answer == "read":
            return
        if answer:
            raise InputError(json.loads(answer))
        self._forget()
        why = f"took longer than {self._seconds:g} s" if late.is_set() else "came to an unexpected end"
        raise InputError(f"reading the file {why}; give a smaller one, or its text")

    def interrupt(self) -> None:
        """Ends the child, also in the middle of a file, and reads no more; for another thread than the reading one."""
        self.closed = True
        child = self._child
        if child is not None:
            child.kill()

    def close(self) -> None:
        """Ends the child and lets go of its pipes."""
        self.interrupt()
        self._forget()

    def _asked(self, child: subprocess.Popen[str], folder: Path) -> str:
        assert child.stdin is not None  # noqa: S101
        assert child.stdout is not None  # noqa: S101
        try:
            child.stdin.write(f"{json.dumps(str(folder))}\n")
            child.stdin.flush()
            return child.stdout.readline()
        except (BrokenPipeError, ValueError):  # it is gone
            return ""

    def _forget(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            with suppress(OSError):  # what it was last told may still wait to be written
                if pipe is not None:
                    pipe.close()

    def _running(self) -> subprocess.Popen[str]:
        if self.closed:
            raise InputError("the server is ending; the file is read when it is started again")
        if self._child is not None and self._child.poll() is not None:  # it was lost between two files
            self._forget()
        if self._child is None:
            told = {name: value for name, value in os.environ.items() if name != "LONGDOC_TOKEN"}
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "longdoc.server.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="ascii",
                env=told,
            )
        return self._child


def _read(folder: Path) -> None:
    name = str(json.loads((folder / ABOUT).read_bytes())["name"])
    document = read_bytes((folder / FILE).read_bytes(), name, Path(name).suffix)
    text, told = document.page_content, document.metadata
    kept = ("format", "title", "outline", "pages", "page_labels", "tables", "furniture")
    known = {key: told[key] for key in kept if key in told}
    write_whole(folder / TEXT, text.encode(ENCODING, "surrogatepass"))
    facts = {**known, "characters": len(text), "words": len(text.split())}
    write_whole(folder / READ, json.dumps(facts).encode())


def _answer(folder: Path) -> str:
    try:
        _read(folder)
    except LongdocError as error:
        return json.dumps(str(error))
    except MemoryError:
        return json.dumps("the file needs too much memory to be read; give a smaller one, or its text")
    except OSError:
        return json.dumps("the file is no longer there, or the disk is full")
    except Exception as error:  # noqa: BLE001  the edge of the process: a parser's own error, on a file from anywhere
        return json.dumps(f"the file cannot be read ({type(error).__name__}); check that other programs open it")
    return "read"


def main() -> None:
    """Reads the folders named on stdin, a JSON string a line, until it ends; answers each with a line."""
    _limit_memory()
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a parser prints is no answer
    for line in sys.stdin:
        answers.write(f"{_answer(Path(json.loads(line)))}\n")
        answers.flush()


def _limit_memory() -> None:
    """Bounds the memory of this process where the system can: Windows has no such limit, macOS does not obey it."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    except (ImportError, AttributeError, ValueError, OSError):
        return


if __name__ == "__main__":
    main()

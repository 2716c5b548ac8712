"""Files are read in a process of their own: what a parser does to its time, memory or life ends that process only."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import cast

from longdoc.chunkers.readers.base import Ocr
from longdoc.chunkers.readers.registry import read_bytes
from longdoc.errors import InputError
from longdoc.memory.disk import write_whole
from longdoc.pipelines.calls.child import Answer, Child, More, answer_lines

KEPT = ("format", "outline", "pages", "page_labels", "tables", "furniture", "ocr")
"""What a reader told of a document that is kept with it."""
FILE, ABOUT, TEXT, READ = "file", "about.json", "text.utf32", "read.json"
ENCODING = "utf-32-le"  # four bytes a character, so that any stretch of the text is read without the rest


class Reader:
    """Reads the files of documents one after another, in a child process that is begun again where it was lost."""

    def __init__(self, seconds: float, ocr: Ocr = "auto") -> None:
        self._ocr = ocr
        self._now: Path | None = None
        self._turn = threading.Lock()
        self._child = Child("longdoc.server.worker", seconds, environment={"LONGDOC_TOKEN": ""})

    @property
    def closed(self) -> bool:
        """Whether it reads no more."""
        return self._child.closed

    def read(self, folder: Path) -> None:
        """Makes `text.utf32` and `read.json` of the `file` in a document's folder.

        Raises `InputError` for a file that cannot be read, or not in time.
        """
        with self._turn:
            self._now = folder
        answer = self._child.ask([str(folder), self._ocr])
        with self._turn:
            self._now = None
        if answer.error:
            raise InputError(_told(answer))

    def skip(self, folder: Path) -> None:
        """Breaks off where this folder's file is being read, which then raises; for another thread."""
        with self._turn:
            if self._now == folder:
                self._child.skip()

    def interrupt(self) -> None:
        """Ends the child, also in the middle of a file, and reads no more; for another thread than the reading one."""
        self._child.interrupt()

    def close(self) -> None:
        """Ends the child and lets go of its pipes."""
        self._child.close()


def _told(answer: Answer) -> str:
    match answer.cause:
        case "refused" | "store" | "down":
            return answer.error
        case "closed":
            return "the server is ending; the file is read when it is started again"
        case "late" | "lost":
            return f"reading the file {answer.error}; give a smaller one, or its text"
    return f"the file {answer.error}"


def _read(asked: list[str], more: More) -> None:
    folder, ocr = asked
    place = Path(folder)
    name = str(json.loads((place / ABOUT).read_bytes())["name"])
    document = read_bytes((place / FILE).read_bytes(), name, Path(name).suffix, cast("Ocr", ocr))
    text, told = document.page_content, document.metadata
    known = {key: told[key] for key in ("title", *KEPT) if key in told}
    write_whole(place / TEXT, text.encode(ENCODING, "surrogatepass"))
    facts = {**known, "characters": len(text), "words": len(text.split())}
    write_whole(place / READ, json.dumps(facts).encode())


if __name__ == "__main__":
    answer_lines(_read)

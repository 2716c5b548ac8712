"""A text that is read once, from its beginning, while what has been passed is let go."""

from __future__ import annotations

from collections.abc import Iterable

_LET_GO = 1 << 20  # characters passed before they are let go: a copy of the rest each time


class Tape:
    """The text that `pieces` join to, held from `base` on; positions are those of the whole text.

    What comes out does not depend on how the text is cut into pieces. `text` is what is held now and begins at
    `base`. Raises `TypeError` for a piece that is no string.
    """

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = iter(pieces)
        self.text = ""
        self.base = 0
        self.ended = False

    @property
    def end(self) -> int:
        """Where what has been read ends; the text's own end once `ended`."""
        return self.base + len(self.text)

    def fill(self, position: int) -> int:
        """Reads on until the text reaches `position` or ends; returns where it reaches, `position` at most."""
        end = self.base + len(self.text)
        if end < position and not self.ended:
            self._read(position)
            end = self.end
        return end if end < position else position

    def _read(self, position: int) -> None:
        read, reached = [self.text], self.end
        while reached < position:
            piece = next(self._pieces, None)
            if piece is None:
                self.ended = True
                break
            if not isinstance(piece, str):
                raise TypeError(f"a piece of text is {type(piece).__name__}; give pieces that are str")
            read.append(piece)
            reached += len(piece)
        self.text = "".join(read)

    def drop(self, position: int) -> None:
        """Lets go of what lies before `position`, sooner or later."""
        passed = position - self.base
        if passed > _LET_GO and 2 * passed > len(self.text):
            self.text = self.text[passed:]
            self.base = position

    def __getitem__(self, span: slice) -> str:
        """The characters of `[start:stop]`; both must be given and held."""
        return self.text[span.start - self.base : span.stop - self.base]

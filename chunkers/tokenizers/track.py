"""Where the tokens of a tape lie, each tokenized once, ahead of the reader and on the other cores."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from functools import cache
from typing import cast

import numpy as np

from longdoc.chunkers.text.tape import Tape
from longdoc.chunkers.tokenizers.base import JointedTokenizer, Tokenizer
from longdoc.chunkers.tokenizers.token_window import HELPERS, Starts, Window, token_starts

_SMALLEST, _LARGEST = 1 << 12, 1 << 16  # characters tokenized at a time: little first, so that chunks come soon
_TO_JOINT = 1 << 12  # characters within which the text is looked through for a place to part it
_HEAD, _TAIL = 256, 32  # the same for the first and the last joint of a chunk


class TokenTrack:
    """Steps over a tape by numbers of tokens, and counts stretches of it as if each stood alone.

    A byte-pair encoding is not additive: two stretches may have more tokens apart than together. It is additive at
    a joint (see `JointedTokenizer`), so only what lies before the first and after the last joint of a stretch is
    tokenized again. A tokenizer that names no joints counts each stretch anew.
    """

    def __init__(self, tape: Tape, tokenizer: Tokenizer) -> None:
        self._tape, self._tokenizer = tape, tokenizer
        self._shared = cast("JointedTokenizer", tokenizer) if _has_joints(type(tokenizer)) else None
        self._joint = self._shared.joint if self._shared else None
        self._indices: dict[int, int] = {}
        self._hold(np.empty(0, np.int64))
        self._dropped = 0  # tokens let go
        self._known = 0  # where the tokens held end
        self._windowed = 0  # where the next window begins
        self._grid = 0  # the first place from there on where it has to be seen whether the text can be parted
        self._shared_out = False
        self._ahead: deque[Window] = deque()
        self._seams: deque[int] = deque()  # edges of windows that are no joints

    def reach(self, start: int, tokens: int) -> int:
        """Where the token that comes `tokens` after `start` begins; the text's end if it has no more."""
        index = self._index(start) + tokens
        while index >= len(self._view):
            if not self._extend():
                return self._tape.end
            index = self._index(start) + tokens
        return self._view[index]

    def _index(self, position: int) -> int:
        """How many tokens begin before `position`, of those that are held."""
        index = self._indices.get(position)
        if index is None:
            index = self._indices[position] = bisect_left(self._view, position)
        return index

    def _hold(self, starts: Starts) -> None:
        self._starts, self._view = starts, starts.data  # numpy takes long over a single number
        self._indices.clear()

    def before(self, position: int, tokens: int) -> int:
        """Where the token that comes `tokens` before `position` begins; 0 if there are not so many."""
        index = self._index(position) - tokens
        return self._view[index] if index > 0 else 0

    def numbers(self, positions: Sequence[int]) -> list[int]:
        """How many tokens begin before each, from the text's beginning; rising, and not of what has been let go."""
        while positions and self._known < positions[-1] and self._extend():
            pass
        found: list[int] = (self._dropped + np.searchsorted(self._starts, positions)).tolist()
        return found

    def count(self, start: int, end: int) -> int:
        """The tokens of the stretch, which `reach` has passed, when it stands alone."""
        first, last = self._joints(start, end)
        text, base = self._tape.text, self._tape.base
        if first is None or last is None or (self._seams and any(first < seam < last for seam in self._seams)):
            return self._tokenizer.count(text[start - base : end - base])
        tokens = self._index(last) - self._index(first)
        if start < first:
            tokens += self._tokenizer.count(text[start - base : first - base])
        if last < end:
            tokens += self._tokenizer.count(text[last - base : end - base])
        return tokens

    def drop(self, position: int) -> None:
        """Lets go of the tokens before `position`, sooner or later."""
        if self._starts.size < 2 * _SMALLEST:
            return
        passed = self._index(position)
        if 2 * passed > len(self._starts):
            self._dropped += passed
            self._hold(self._starts[passed:])
            while self._seams and self._seams[0] < position:
                self._seams.popleft()

    def share_out(self) -> None:
        """`prefetch` where this text is all there is to do: in ever smaller windows, so that the cores end together."""
        self._shared_out = True
        self.prefetch()

    def prefetch(self) -> None:
        """Has the next windows tokenized on other cores, if the tokenizer may be shared by threads."""
        while self._shared is not None and self._joint is not None and len(self._ahead) < HELPERS + 3:
            start = self._windowed
            text = self._next_window()
            if not text:
                return
            self._ahead.append(Window(start, text, self._shared))

    def _joints(self, start: int, end: int) -> tuple[int | None, int | None]:
        """The first and the last joint of a stretch, its edges included, as far as they are near its edges."""
        if self._joint is None:
            return None, None
        text, base = self._tape.text, self._tape.base
        low, high = start - base, end - base
        first = low
        if start:
            match = self._joint.search(text, low, min(high, low + _HEAD))
            if match is None:
                return None, None
            first = match.start()
        if self._joint.match(text, high) or (self._tape.ended and end == self._tape.end):
            return first + base, end
        for tail in (_TAIL, 16 * _TAIL):
            last = deque(self._joint.finditer(text, max(first, high - tail), high), 1)
            if last:
                return first + base, last[0].start() + base
        return None, None

    def _extend(self) -> bool:
        """Takes in the next window; False where the text has ended."""
        if self._ahead:
            window = self._ahead.popleft()
            self.prefetch()
            self._known, starts = window.end, window.starts()
        else:
            text = self._next_window()
            if not text:
                return False
            self.prefetch()
            starts = token_starts(self._tokenizer.offsets(text), self._known)
            self._known += len(text)
        self._hold(np.concatenate((self._starts, starts)) if self._starts.size else starts)
        return True

    def _next_window(self) -> str:
        """The next stretch to tokenize, parted from the others at joints if it can be."""
        tape, start = self._tape, self._windowed
        most = _LARGEST
        if self._shared_out and tape.ended:
            most = min(most, max(_SMALLEST, (tape.end - start) // (2 * HELPERS + 2)))
        while self._grid == start or (self._grid < start + most and self._goes_on()):
            before = self._grid
            self._grid = self._edge(before)
            if self._grid == before:
                break
        end = self._grid
        if self._joint and end - start > most:
            match = self._joint.search(tape.text, start + most - tape.base, end - tape.base)
            end = match.start() + tape.base if match else end
        self._windowed = end
        return tape[start:end]

    def _goes_on(self) -> bool:
        """Whether a window may reach across the grid's place: a joint, with enough of the text after it there."""
        tape, grid = self._tape, self._grid
        seam = self._seams and self._seams[-1] == grid
        return not seam and (tape.ended or tape.end >= grid + _size(grid) + _TO_JOINT)

    def _edge(self, start: int) -> int:
        """Where the grid goes on after `start`: if it can at a joint, so that the tokens are those of the whole."""
        tape, position = self._tape, start + _size(start)
        end = tape.fill(position + _TO_JOINT)
        if end <= position:
            return end
        match = self._joint.search(tape.text, position - tape.base, end - tape.base) if self._joint else None
        if match is not None:
            return match.start() + tape.base
        if tape.ended and end == tape.end:
            return end
        self._seams.append(position)
        return position


@cache
def _has_joints(kind: type) -> bool:
    """Whether a class of tokenizers is a `JointedTokenizer`: that is long to tell of each text anew."""
    return all(hasattr(kind, name) for name in ("joint", "begin_offsets"))


def _size(start: int) -> int:
    return min(_LARGEST, max(_SMALLEST, start))

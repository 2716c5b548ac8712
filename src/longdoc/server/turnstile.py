"""How many of a kind may be under way at once; who is over that is told to come again."""

from __future__ import annotations

from starlette.exceptions import HTTPException


class Turnstile:
    """Counts what is under way, on one event loop; `enter` answers 429 where there is no room."""

    def __init__(self, most: int, what: str) -> None:
        self._most, self._what, self._inside = most, what, 0

    def enter(self) -> None:
        """Takes a place, to be given back with `leave`."""
        if self._inside >= self._most:
            raise HTTPException(429, f"{self._inside} {self._what} are under way, the most at once; try again soon")
        self._inside += 1

    def leave(self) -> None:
        """Gives the place back."""
        self._inside -= 1

    def __enter__(self) -> None:
        self.enter()

    def __exit__(self, *_: object) -> None:
        self.leave()

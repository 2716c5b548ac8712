"""The errors that longdoc raises on purpose; each message names the offending value and the remedy.

LongdocError
├── InputError (ValueError)          a source that cannot be read as text
│   ├── ArgumentError (TypeError)   an argument of the wrong kind, or one that there is not
│   └── BusyError                   a folder that another process keeps up to date
├── BudgetError (ValueError)         a token budget that nothing can meet
├── UnknownNameError (ValueError)    a model, tokenizer or format that is not known
├── UnavailableError (OSError)       known, but not to be had here: no network, no weights, damaged weights
├── CacheError (OSError)             a cache or an index that cannot be read or written: disk full, damaged file
│   └── DamagedError                one whose bytes are not those that were written
├── MissingExtraError (ImportError)  an optional dependency that is not installed
└── StageError (RuntimeError)        a stage that could not finish: the model failed on some items
    └── BusyModelError              one whose model does not answer now: late, failing, too many calls
"""

from __future__ import annotations


class LongdocError(Exception):
    """Every error that longdoc raises on purpose."""


class InputError(LongdocError, ValueError):
    """A source that cannot be read as text."""


class ArgumentError(InputError, TypeError):
    """An argument of the wrong kind, or one that there is not."""


class BusyError(InputError):
    """A folder that another process keeps up to date."""


class BudgetError(LongdocError, ValueError):
    """A token budget that nothing can meet."""


class UnknownNameError(LongdocError, ValueError):
    """A model, tokenizer or format that is not known."""


class UnavailableError(LongdocError, OSError):
    """Something known that cannot be had here: no network, no weights, damaged weights."""


class CacheError(LongdocError, OSError):
    """A cache or an index that cannot be read or written: disk full, another format, a damaged file."""


class DamagedError(CacheError):
    """A cache or an index whose bytes are not those that were written."""


class MissingExtraError(LongdocError, ImportError):
    """An optional dependency that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an optional dependency: pip install 'longdoc[{extra}]'")
        self.extra = extra


class StageError(LongdocError, RuntimeError):
    """A stage that could not finish because a model failed on some of its items."""


class BusyModelError(StageError):
    """A stage whose model does not answer now: it is late, fails, or turns away so many calls."""

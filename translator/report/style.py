"""Terminal colours, by meaning. Without colour every function is the identity."""

from __future__ import annotations

from typing import Final

from translator.dataclass import dataclass
from translator.model import Severity, Verdict

_RESET: Final = "\x1b[0m"
_BOLD: Final = "\x1b[1m"
_RED: Final = "\x1b[31m"
_GREEN: Final = "\x1b[32m"
_YELLOW: Final = "\x1b[33m"
_CYAN: Final = "\x1b[36m"

_SEVERITY: Final[dict[Severity, str]] = {"note": _CYAN, "warning": _YELLOW, "error": _RED}


@dataclass(frozen=True, slots=True)
class Style:
    """Wraps text in escape sequences iff ``colour``."""

    colour: bool = False

    def _wrap(self, start: str, text: str) -> str:
        return f"{start}{text}{_RESET}" if self.colour and text else text

    def bold(self, text: str) -> str:
        return self._wrap(_BOLD, text)

    def severity(self, severity: Severity, text: str) -> str:
        return self._wrap(_SEVERITY[severity], text)

    def verdict(self, verdict: Verdict, text: str) -> str:
        if verdict in ("verified", "verified_float32"):
            return self._wrap(_GREEN, text)
        return self._wrap(_YELLOW if verdict in ("inconclusive", "not_run") else _RED, text)


PLAIN: Final = Style()


def printable(text: str) -> str:
    """One line without control characters, so that names taken from source text cannot drive a terminal."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)

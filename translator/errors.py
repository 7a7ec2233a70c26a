"""The exceptions of the public interface; everything else that can go wrong is a value, not an exception."""

from __future__ import annotations


class FwtranslateError(Exception):
    """Base of the errors that a caller may want to catch."""


class SourceError(FwtranslateError):
    """The input cannot be read: undecodable bytes, a syntax error, or nesting beyond what Python parses.

    ``line`` is 1-based and ``column`` 0-based; both are ``None`` where no position is known.
    """

    def __init__(
        self, message: str, *, filename: str = "<string>", line: int | None = None, column: int | None = None
    ) -> None:
        self.message = message
        self.filename = filename
        self.line = line
        self.column = column
        super().__init__(message)

    def __str__(self) -> str:
        where = self.filename
        if self.line is not None:
            where += f":{self.line}"
            if self.column is not None:
                where += f":{self.column + 1}"
        return f"{where}: {self.message}"


class CatalogError(FwtranslateError):
    """A mapping file does not follow the schema, or two entries contradict each other; carries file and line."""

    def __init__(self, message: str, *, path: str, line: int | None = None) -> None:
        self.path = path
        self.line = line
        super().__init__(f"{path}:{line}: {message}" if line is not None else f"{path}: {message}")


class WeightError(FwtranslateError):
    """Weights do not fit the other side; ``missing``, ``surplus`` and ``misshapen`` name the paths."""

    def __init__(
        self,
        message: str,
        *,
        missing: tuple[str, ...] = (),
        surplus: tuple[str, ...] = (),
        misshapen: tuple[str, ...] = (),
    ) -> None:
        self.missing = missing
        self.surplus = surplus
        self.misshapen = misshapen
        parts = [message]
        parts += [f"  missing: {path}" for path in missing]
        parts += [f"  surplus: {path}" for path in surplus]
        parts += [f"  misshapen: {path}" for path in misshapen]
        super().__init__("\n".join(parts))

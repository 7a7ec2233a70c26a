"""One line of the result table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Row:
    """A ratio of ``subject`` to ``floor``, measured in one run; ``budget`` bounds the ratio.

    Both are in seconds, shown in milliseconds, or with ``unit="MiB"`` in bytes, shown in MiB.
    """

    what: str
    subject: float
    floor: float
    floor_name: str
    budget: float | None = None
    unit: Literal["ms", "MiB"] = "ms"

    @property
    def ratio(self) -> float:
        return self.subject / self.floor

    def shown(self, value: float) -> str:
        """The value for the table, whose columns are milliseconds unless a cell says otherwise."""
        return f"{1000 * value:.1f}" if self.unit == "ms" else f"{value / 2**20:.0f} MiB"

    @property
    def verdict(self) -> str:
        if self.budget is None:
            return ""
        return f"within {self.budget:g}" if self.ratio <= self.budget else f"OVER {self.budget:g}"


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table, aligned so that it reads in a terminal too."""
    cells = [("what", "ms", "ratio", "to", "ms", "budget")]
    cells += [
        (
            row.what,
            row.shown(row.subject),
            f"{row.ratio:.2f}",
            row.floor_name,
            row.shown(row.floor),
            row.verdict,
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells]
    rule = " | ".join("-" * width for width in widths)
    return "".join(f"| {line} |\n" for line in (lines[0], rule, *lines[1:]))

"""What happened to the draws of one law for one entry."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Tally:
    """``checked`` draws were compared, ``declined`` ones rightly left alone, ``refused`` ones no valid source.

    ``random`` draws had outputs that cannot be compared (only their shapes were). ``hits`` counts the draws
    that the entry itself, not a neighbour, translated. ``limits`` holds the largest difference seen where a limit
    allows one, by what the limit names.
    """

    checked: int = 0
    declined: int = 0
    refused: int = 0
    random: int = 0
    hits: int = 0
    forward: float = 0.0
    gradient: float = 0.0
    limits: dict[str, float] = field(default_factory=dict)
    refusals: set[str] = field(default_factory=set)

    @property
    def examples(self) -> int:
        return self.checked + self.declined

    @property
    def declined_share(self) -> float:
        return self.declined / self.examples if self.examples else 0.0

    def add(self, other: Tally) -> None:
        for name in ("checked", "declined", "refused", "random", "hits"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.forward = max(self.forward, other.forward)
        self.gradient = max(self.gradient, other.gradient)
        self.refusals |= other.refusals
        for what, size in other.limits.items():
            self.limits[what] = max(size, self.limits.get(what, 0.0))

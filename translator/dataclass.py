"""``dataclass`` for values within the package, cheap to make: frozen for the type checker alone, with one shared repr.

The standard library writes and compiles six methods for each frozen class. With more than a hundred classes that is a
tenth of a cold start, and the instances of a frozen class take three times as long to make, which inference does by
the thousand. What users of the package get their hands on (`translator.model`) is frozen in earnest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    import dataclasses

    def dataclass(cls=None, /, *, frozen=False, **options):
        """As `dataclasses.dataclass`; a frozen class has a hash of its content, but its fields are not guarded."""

        def make(made):
            if "__repr__" not in vars(made):
                made.__repr__ = _repr
            return dataclasses.dataclass(made, **{**options, "unsafe_hash": frozen, "repr": False})

        return make if cls is None else make(cls)

    def _repr(value):
        shown = (f"{field.name}={getattr(value, field.name)!r}" for field in dataclasses.fields(value) if field.repr)
        return f"{type(value).__qualname__}({', '.join(shown)})"

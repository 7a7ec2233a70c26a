"""Which of several public names of one object is the primary one."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from mappings.signatures.rows import Row


def mark_secondary_names(
    rows: Mapping[str, Row],
    objects: Mapping[str, object],
    namespaces: Sequence[str],
    primary_names: Container[str] = (),
) -> dict[str, Row]:
    """Set ``same_as`` on every name but the primary one of each object.

    A name in ``primary_names`` is primary. Else it is the one that ends in the object's own ``__name__``; where
    several do, or none, the earlier namespace of ``namespaces`` wins, then the alphabet.
    """

    def preference(name: str) -> tuple[bool, bool, int, str]:
        namespace, _, last = name.rpartition(".")
        rank = namespaces.index(namespace) if namespace in namespaces else len(namespaces)
        return name not in primary_names, last != getattr(objects[name], "__name__", last), rank, name

    names_of: dict[int, list[str]] = {}
    for name, value in objects.items():
        names_of.setdefault(id(value), []).append(name)
    marked = dict(rows)
    for names in names_of.values():
        primary, *secondary = sorted(names, key=preference)
        for name in secondary:
            marked[name] = replace(rows[name], same_as=primary)
    return marked

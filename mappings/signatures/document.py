"""The text of a lock file: one API per line, so that a diff names what changed."""

from __future__ import annotations

import json
from collections.abc import Mapping

from mappings.signatures.rows import Row

COMMAND = "python -m mappings.signatures"


def render(library: str, version: str, rows: Mapping[str, Row]) -> str:
    """The lock file of one library, rows sorted by name.

    A local version such as ``+cpu`` says how the library was built, not what it offers, and is left out.
    """
    public = version.partition("+")[0]
    header = {
        "library": library,
        "version": public,
        "holds_for": version_range(public),
        "generated_by": COMMAND,
    }
    head = "".join(f"{json.dumps(key)}: {json.dumps(value)},\n" for key, value in header.items())
    lines = (f"{json.dumps(name)}: {_compact(rows[name])}" for name in sorted(rows))
    return "{\n" + head + '"apis": {\n' + ",\n".join(lines) + "\n}\n}\n"


def version_range(version: str) -> str:
    """The minor release series that a lock holds for: "2.13.0" gives ">=2.13,<2.14"."""
    major, minor = (int(part) for part in version.split(".")[:2])
    return f">={major}.{minor},<{major}.{minor + 1}"


def _compact(row: Row) -> str:
    return json.dumps(row.as_json(), separators=(",", ":"), sort_keys=True)

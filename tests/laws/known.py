"""Laws that are known not to hold yet, each with its reason. One that holds again fails the test."""

from __future__ import annotations

from collections.abc import Mapping

_KNOWN: Mapping[str, str] = {}


def reason_for(subject: str) -> str:
    """Why a subject (``entry-direction-law``) is known to break its law, "" where it is not."""
    return _KNOWN.get(subject, "")

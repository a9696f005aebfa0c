"""Why something can't be done with a meeting now."""

from __future__ import annotations


class NotOpen(Exception):
    """The doors are not open yet, or closed for good."""


class NotInside(Exception):
    """The person is not at the meeting, or may not be in it."""


class AlreadyLed(Exception):
    """Somebody has the chair by now."""


class NoSuchStep(Exception):
    """The meeting's script has no step of this number."""

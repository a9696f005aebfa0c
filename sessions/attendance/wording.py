"""What a certificate says, line by line: on its paper, on the page where it is checked, and to its owner."""

from __future__ import annotations

from datetime import datetime

from django.utils.dateformat import format as say

from sessions.attendance.models import Certificate, State


def facts(certificate: Certificate) -> list[tuple[str, str]]:
    """(label, words), by the clock of whoever had it made; the name stands apart."""
    start, end = certificate.there(certificate.starts_at), certificate.there(certificate.ends_at)
    return [
        ("What", session(certificate).capitalize()),
        ("Day", say(start, "l, j F Y")),
        ("Time", f"{clock(start)} to {clock(end)}, by the clock of {in_words(certificate.zone)}"),
        ("Present", f"{certificate.minutes} of its {certificate.length} minutes"),
        ("Purpose", certificate.purpose),
        ("Made on", day(certificate, certificate.issued_at)),
        ("Ends on", day(certificate, certificate.expires_at)),
    ]


def session(certificate: Certificate) -> str:
    """Neutral on purpose: not what the group is called, nor what it is for."""
    return "a one-to-one session" if certificate.one_to_one else "a group session"


def agreed(certificate: Certificate) -> str:
    """The scope of the consent, as 42 CFR § 2.32(b) asks to explain it."""
    return (
        f"The person named here agreed on {day(certificate, certificate.issued_at)} that what stands here is "
        f"disclosed for the purpose named here, until {day(certificate, certificate.expires_at)} or until they "
        f"revoke it. They agreed to nothing else (consent, version {certificate.consent_version})."
    )


def not_checked(issuer: str) -> str:
    return (
        "The minutes are those in which they were connected to the session. The name is as they gave it: "
        f"{issuer} did not check it."
    )


def day(certificate: Certificate, at: datetime) -> str:
    return say(certificate.there(at), "j F Y")


def clock(at: datetime) -> str:
    return say(at, "g:i a").replace(".", "")


def in_words(zone: str) -> str:
    """The place that the tz database names a zone by."""
    return zone.split("/")[-1].replace("_", " ")


def until(certificate: Certificate, at: datetime) -> str:
    match certificate.state(at):
        case State.STANDS:
            return f"Stands until {day(certificate, certificate.expires_at)}"
        case State.RUN_OUT:
            return f"Ran out on {day(certificate, certificate.expires_at)}"
        case State.REVOKED:
            return f"Revoked on {day(certificate, certificate.revoked_at or at)}"


def checks(certificate: Certificate) -> str:
    """How often its code was typed, and when last; by whom is not known."""
    if certificate.checked_at is None:
        return "Nobody has checked it yet"
    often = {1: "once,", 2: "twice, last"}.get(
        certificate.times_checked, f"{certificate.times_checked} times, last"
    )
    return f"Looked at {often} on {day(certificate, certificate.checked_at)}"

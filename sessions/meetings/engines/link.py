"""A place elsewhere, behind an https link to a host that the house allows. We show the way and know no more of it."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings

from community.members.models import Member
from sessions.meetings.engines.protocol import (
    Capabilities,
    Health,
    Joining,
    Listener,
    NotCapable,
    NotJoinable,
)
from sessions.meetings.models import Meeting

NOTICE = (
    "This leads to {host}, which is not ours. It may see the name you give there and your IP address. "
    "Who speaks there, who is muted and who is there is up to that service: we know nothing of it, "
    "and can’t say afterwards that you were there."
)


class LinkEngine:
    name = Meeting.Engine.LINK.value
    capabilities = Capabilities()

    def health(self, at: datetime) -> Health:
        """Whether the house allows links at all; what is behind them nobody here asks."""
        if not settings.PORCHLIGHT_LINK_HOSTS:
            return Health(ok=False, words="The house allows no links.")
        return Health(
            ok=True, words="Meetings behind links are held elsewhere: how they fare is not known here."
        )

    def open(self, meeting: Meeting, at: datetime) -> None:
        """Nothing opens but our own door."""

    def close(self, meeting: Meeting, by: Member | None, at: datetime) -> None:
        """The link is not shown any more; who is there already can stay."""

    def join(self, meeting: Meeting, member: Member, at: datetime) -> Joining:
        if meeting.opened_at is None or meeting.closed_at is not None or meeting.occurrence is None:
            raise NotJoinable("The door is closed.")
        link = meeting.occurrence.event.link
        host = allowed_host(link)
        if host is None:
            raise NotJoinable("The link is not one that the house allows. Whoever holds this can change it.")
        return Joining(link, outside=True, notice=NOTICE.format(host=host))

    def mute(
        self, meeting: Meeting, member: Member, *, by: Member, minutes: int | None, at: datetime
    ) -> None:
        raise NotCapable

    def remove(self, meeting: Meeting, member: Member, *, by: Member, reason: str, at: datetime) -> None:
        raise NotCapable

    def tell(self, meeting: Meeting, listener: Listener, at: datetime) -> None:
        raise NotCapable


def allowed_host(link: str) -> str | None:
    """The host of a link that the house allows now: the list may have changed since the link was written down."""
    try:
        parts = urlsplit(link)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme != "https" or not host or port not in {None, 443} or "@" in parts.netloc:
        return None
    allowed = settings.PORCHLIGHT_LINK_HOSTS
    return host if any(host == one or host.endswith(f".{one}") for one in allowed) else None

"""A member's own calendar feed: made, given a new secret, taken away; and what is in it."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction

from community.calendar import access, ics
from community.calendar.models import Answer, Feed
from community.members.models import Member
from community.sealed import keyed_digest

BACK = timedelta(days=90)


@transaction.atomic
def make_feed(
    *, member: Member, titles: Feed.Titles, only_mine: bool, alarm_minutes: int | None, at: datetime
) -> str:
    """Make the member's feed, or give it a new secret; returns the secret, which is kept nowhere."""
    secret = secrets.token_urlsafe(24)
    Feed.objects.update_or_create(
        member=member,
        defaults={
            "digest": keyed_digest(secret),
            "titles": titles,
            "only_mine": only_mine,
            "alarm_minutes": alarm_minutes,
            "changed_at": at,
        },
        create_defaults={
            "digest": keyed_digest(secret),
            "titles": titles,
            "only_mine": only_mine,
            "alarm_minutes": alarm_minutes,
            "made_at": at,
            "changed_at": at,
        },
    )
    return secret


def change_feed(
    *, member: Member, titles: Feed.Titles, only_mine: bool, alarm_minutes: int | None, at: datetime
) -> bool:
    """Change what is in the feed and keep its address; False when there is none."""
    feed = Feed.objects.filter(member=member)
    return bool(feed.update(titles=titles, only_mine=only_mine, alarm_minutes=alarm_minutes, changed_at=at))


def revoke_feed(*, member: Member) -> bool:
    return bool(Feed.objects.filter(member=member).delete()[0])


def feed_behind(secret: str) -> Feed | None:
    """The feed of this secret, if its member may still be here."""
    found = Feed.objects.select_related("member").filter(digest=keyed_digest(secret), member__is_active=True)
    return found.first()


def written(feed: Feed, *, name: str, now: datetime) -> tuple[bytes, str]:
    """The feed as iCalendar, and its entity tag (RFC 9110 section 8.8.3)."""
    occurrences = access.occurrences_for(feed.member)
    plain = feed.titles == Feed.Titles.PLAIN
    if feed.only_mine:
        mine = occurrences.filter(
            ends_at__gt=now - BACK,
            answers__member=feed.member,
            answers__says__in=[Answer.Says.YES, Answer.Says.MAYBE],
        )
        body = ics.by_date(mine, name=name, plain=plain, alarm_minutes=feed.alarm_minutes)
    else:
        running = occurrences.filter(event__occurrences__ends_at__gt=now - BACK).distinct()
        body = ics.calendar(running, name=name, plain=plain, alarm_minutes=feed.alarm_minutes)
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'

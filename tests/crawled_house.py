"""The demo community with what a long day leaves in it, so that a crawl comes to every page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from django.utils import timezone

from community.calendar import sorts
from community.calendar.actions import schedule
from community.calendar.feeds import make_feed
from community.calendar.models import Event, Feed, Kind
from community.groups import keeping
from community.groups.models import Group, JoinRequest, Membership
from community.house import access as house
from community.house.models import House
from community.invitations import csvfile
from community.invitations.actions import asking, making, uploading
from community.invitations.models import FirstStep, SignUp, Upload
from community.members import suspension
from community.members.blocks.actions import block
from community.members.models import Member
from community.members.signin import recovery
from community.notifications.links import off_token
from community.notifications.models import InboxEntry
from moderation.crisis import actions as help_lines
from moderation.crisis.lines import Line
from sessions.bookings import actions as bookings
from sessions.bookings.models import Hours
from sessions.direct import actions as direct
from sessions.direct.models import Ask
from sessions.formats.actions import plan_event
from sessions.formats.models import Format
from sessions.meetings.actions import call_for_help, lobby, make_meeting, open_doors, take_chair
from sessions.meetings.models import Doorway, Entry, Meeting
from sessions.rooms.models import Hand
from tests.attendance.holding import a_certificate
from tests.factories import GroupFactory, MemberFactory

People = dict[str, Member]


def furnish(people: People) -> list[str]:
    """Furnish the house; the addresses that no link on a page leads to."""
    house.remember(House(sign_up=House.SignUp.APPROVAL), seconds=float("inf"))
    return [
        *_groups(people),
        *_invitations(people),
        *_recoveries(people),
        *_own_things(people),
        *_attendance(people),
        *_meetings(people),
        *_bookings(people),
        *_kinds(people),
        *_closed(people),
    ]


def _groups(people: People) -> Iterator[str]:
    """Of the groups those where there is most to do: one's own, one to join, and one that Alder keeps."""
    led = Membership.objects.filter(member=people["alder"], role="facilitator")
    juniper, kept = people["juniper"], led.filter(group__kind=Group.Kind.GROUP)
    GroupFactory(slug="evening-walks", name="Evening walks")
    GroupFactory(slug="long-letters", name="Long letters", joining=Group.Joining.REQUEST)
    yield from (f"/groups/{slug}/" for slug in ("the-porch", "evening-walks", "long-letters"))
    group = kept.latest("pk").group
    asks = JoinRequest.objects.create(group=group, member=MemberFactory(), words="May I?")
    yield f"/groups/{group.slug}/"
    other = group.memberships.exclude(member=people["alder"]).latest("pk").member
    yield f"/groups/{group.slug}/people/{other.public_id}/"
    block(by=juniper, whom=people["osprey"], at=asks.asked_at)


def _invitations(people: People) -> Iterator[str]:
    at, steward = timezone.now(), people["marigold"]
    for address in ("", "zq7x-guest@leak.example"):
        made = making.invite(offer=making.Offer(address=address), by=steward, at=at)
        yield f"/join/{made.token}/"
        yield f"/desk/invitations/{made.invitation.pk}/"
        yield f"/desk/invitations/{made.invitation.pk}/card/"
    asking.ask_to_come_in(address="zq7x-asks@leak.example", words="Please.", at=at)
    yield f"/desk/invitations/asking/{SignUp.objects.latest('pk').pk}/"
    defaults = uploading.Defaults(role=Member.Role.ALUMNUS, groups=[], days=14)
    for done in (True, False):
        table = csvfile.read(f"email\nzq7x-one-{done}@leak.example\nzq7x-two-{done}@leak.example\n".encode())
        upload: Upload = uploading.keep(table=table, defaults=defaults, by=steward, at=at)
        if done:
            uploading.confirm(upload=upload, by=steward, at=at)
        yield f"/desk/invitations/files/{upload.pk}/"
        yield f"/desk/invitations/files/{upload.pk}/result.csv"
    fresh = Member.objects.create_user("fresh@example.org", "Fresh Start", "a lamp by the garden door")
    people["fresh"] = fresh
    FirstStep.objects.bulk_create(FirstStep(member=fresh, name=name) for name in FirstStep.Name)


def _recoveries(people: People) -> Iterator[str]:
    at = timezone.now()
    recovery.call_for_help(handle="Osprey", contact="zq7x-call@leak.example", words="I lost it all.", at=at)
    started = recovery.start_recovery(
        member=people["bramble"],
        by=people["marigold"],
        email="zq7x-anew@leak.example",
        how="By phone.",
        at=at,
    )
    yield f"/accounts/back-in/stop/{recovery.stop_token(started)}/"
    yield "/accounts/back-in/ABCD-EFGH-JKLM/"
    yield "/accounts/password/reset/key/1-used/"


def _own_things(people: People) -> Iterator[str]:
    at = timezone.now()
    for name in ("juniper", "nine-pines"):
        secret = make_feed(
            member=people[name],
            titles=Feed.Titles(Feed.Titles.values[0]),
            only_mine=False,
            alarm_minutes=None,
            at=at,
        )
        yield f"/calendar/feed/{secret}.ics"
        entry = InboxEntry.objects.create(
            member=people[name],
            key=f"zq7x{name}",
            kind="group_asked",
            words="Someone asks.",
            path="/groups/",
            at=at,
        )
        yield f"/inbox/{entry.key}/"
    yield f"/notices/off/{off_token(people['juniper'].pk, 'direct_asked')}/"
    at -= timedelta(minutes=5)
    direct.accept(ask=direct.ask(asker=people["juniper"], asked=people["wren"], words="Hello.", at=at), at=at)
    for asker, asked in (("nine-pines", "juniper"), ("juniper", "alder")):
        Ask.objects.create(asker=people[asker], asked=people[asked], words="May I?", at=at)


def _attendance(people: People) -> Iterator[str]:
    for name in ("juniper", "wren"):
        made = a_certificate(people[name])
        yield f"/sessions/attendance/{made.pk}/"
        yield f"/sessions/attendance/{made.pk}/certificate.pdf"
        yield f"/sessions/attendance/meetings/{made.meeting_id}/"


def _meetings(people: People) -> Iterator[str]:
    """One that is led, with somebody at the door, in line and in need of help; and one to which no host has come."""
    at, alder, osprey = timezone.now(), people["alder"], people["osprey"]
    led, alone = _opened("By the lamp", people, at), _opened("By the window", people, at)
    for name in ("juniper", "wren", "osprey"):
        lobby.arrive(meeting=led, member=people[name], at=at)
    lobby.turn_away(meeting=led, member=people["wren"], by=alder, at=at)
    lobby.admit(meeting=led, member=osprey, by=alder, at=at)
    call_for_help(meeting=led, member=osprey, words="May I just read?", at=at)
    Hand.objects.create(room=led.room, member=osprey, seq=1, at=at)
    take_chair(meeting=led, by=alder, at=at)
    Meeting.objects.filter(pk=alone.pk).update(no_host_at=at)
    pages = ("", "door/part/", "help/", "help/part/", "chair/", "chair/part/", "doorway/")
    yield from (f"/sessions/meetings/{led.occurrence_id}/{page}" for page in pages)
    yield f"/sessions/meetings/{alone.occurrence_id}/"


def _opened(title: str, people: People, at: datetime) -> Meeting:
    starts = at + timedelta(minutes=5)
    event = schedule(
        event=Event(
            title=title, kind=Kind.objects.get(slug="group-session"), here=True, zone="UTC", day=starts.date(),
            group=Group.objects.get(slug="sunday-night-sharing"), audience=Event.Audience.GROUP, minutes=60,
            time=starts.time().replace(second=0, microsecond=0),
        ),
        hosts=[people["alder"], people["fern"]], by=people["alder"], at=at,
    )  # fmt: skip
    Doorway.objects.create(event=event, entry=Entry.ASK)
    plan_event(event=event, follows=Format.objects.get(slug="open-sharing"), by=people["alder"], at=at)
    return open_doors(meeting=make_meeting(occurrence=event.occurrences.get(), at=at), at=at)


def _bookings(people: People) -> Iterator[str]:
    """Alder's times on two days, of which Juniper has one; and a mentor whom a steward named."""
    at, alder = timezone.now(), people["alder"]
    bookings.name_mentor(member=people["sorrel"], by=people["marigold"], at=at)
    day = timezone.localtime(at).date() + timedelta(days=3)
    hours = Hours(keeper=alder, day=day, starts=time(9), ends=time(12), minutes=30, zone=alder.time_zone)
    bookings.open_hours(hours=hours, at=at)
    first, free = hours.slots.select_related("keeper", "hours").order_by("starts_at")[:2]
    booked = bookings.book(slot=first, member=people["juniper"], note="", remind_minutes=None, at=at)
    yield f"/sessions/one-to-one/with/{alder.public_id}/"
    yield f"/sessions/one-to-one/times/{free.pk}/"
    yield f"/sessions/one-to-one/{booked.pk}/"
    yield from (f"/sessions/one-to-one/{booked.pk}/{page}/" for page in ("move", "cancellation"))
    yield f"/sessions/one-to-one/hours/{hours.pk}/closing/"
    yield f"/sessions/one-to-one/hours/times/{free.pk}/closing/"


def _kinds(people: People) -> Iterator[str]:
    """A kind that nothing is of can be dropped."""
    sorts.add_kind(name="Book circle", by=people["marigold"], at=timezone.now())
    yield "/desk/kinds/"


def _closed(people: People) -> Iterator[str]:
    at, steward = timezone.now(), people["marigold"]
    suspension.suspend(member=people["tamarack"], by=steward, reason="A pause.", at=at)
    yield f"/desk/people/{people['tamarack'].public_id}/"
    group = Group.objects.filter(slug="after-a-loss").first()
    assert group is not None
    keeping.close_group(group=group, by=steward, at=at)
    yield f"/desk/groups/{group.slug}/"
    call = {"kind": "call", "number": "2185550100", "label": "Call"}
    line = Line.model_validate({"name": "Our duty phone", "about": "Somebody from here.", "ways": [call]})
    help_lines.add_line(country="US", line=line, by_id=steward.pk, at=at)
    yield "/house/rules/"

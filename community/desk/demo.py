"""What the demo's steward has done over the years, through the same actions as at the desk: the audit trail of a house
that people have lived in. Times are counted back from now; the same now gives the same trail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from community.desk import actions as desk
from community.groups import keeping as groups
from community.groups.models import Group, Membership
from community.house import actions as house
from community.house.models import HouseText
from community.house.shipped import shipped
from community.invitations.actions import making
from community.invitations.models import Acceptance, Invitation
from community.members import naming, roles
from community.members.models import HandleRequest, Member
from community.members.weeks import week_of
from community.notifications import actions as mail
from community.notifications.models import Channel, Delivery
from community.notifications.payload import sealed_payload
from moderation.audit.actions import Subject, record
from moderation.audit.chain import Fact, Facts
from moderation.audit.verbs import Verb
from moderation.sanctions.actions import lift, restrict
from moderation.sanctions.models import EVERYWHERE, Restriction
from sessions.rooms import keeping as rooms
from sessions.rooms.models import Room

ZONE = ZoneInfo("America/Denver")
STEWARD = "Marigold"
DOMAIN = "example.org"
# Handle -> in how many days their training runs out; below zero it did, None: never.
TRAINED: Mapping[str, int | None] = {
    "Nine Pines": 12, "Alder": 240, "Wren": -5, "Fern": 400, "Dogwood": 90, "Waxwing": 25, "Linden": None,
}  # fmt: skip
# Handle -> how many weeks ago they were last here, of those who were not here this week.
SILENT: Mapping[str, int] = {"Sumac": 5, "Marten": 1, "Quiet Creek": 2, "Plum": 3, "Snowberry": 1}


@dataclass(frozen=True, slots=True)
class Stop:
    """A suspension, from so many days ago, for so many days; a steward ended it `early` by so many."""

    handle: str
    ago: int
    days: int
    reason: str
    early: int = 0


SUSPENDED = (
    Stop("Osprey", 212, 7, "Prices and a phone number in two rooms, after a pause and a talk (rule 4)."),
    Stop("Tamarack", 96, 3, "Came into the family room’s lobby three evenings in a row, asking for someone."),
    Stop("Bramble", 61, 14, "Threats against another member, in a room. We spoke on the phone.", early=6),
)
MUTED = (
    ("Kestrel", "night-shift", "Mullein", 300, 60, "Capitals at four in the morning. Sleep first."),
    ("Osprey", "porch", "Nine Pines", 219, 24 * 60, "Prices (rule 4). Second time of asking."),
    ("Thistle", "porch", "Alder", 82, 60, "Answering for other people. A breather."),
    ("Bramble", "evening-steps", "Fern", 62, 24 * 60, "Threats. Told Marigold the same evening."),
)


class Story:
    """The demo's people, and the time as of which everything is counted back."""

    def __init__(self, members: Mapping[str, Member], now: datetime) -> None:
        self.members = members
        self.now = now
        self.steward = members[STEWARD]

    def ago(self, days: float, hour: int = 10, minute: int = 0) -> datetime:
        """So many days ago, at a time of the day in Denver; never later than now."""
        day = self.now.astimezone(ZONE).date() - timedelta(days=int(days))
        return min(datetime.combine(day, time(hour, minute), ZONE), self.now)


def add_trail(members: Mapping[str, Member], now: datetime) -> None:
    """Everything below, in the transaction that makes the demo. What it told people counts as sent long ago."""
    story = Story(members, now)
    tell_of_the_beginning(story)
    tell_of_the_house(story)
    tell_of_roles(story)
    tell_of_order(story)
    tell_of_groups(story)
    tell_of_invitations(story)
    tell_of_looking_up(story)
    Delivery.objects.filter(
        made_at__lt=now, state__in=[Delivery.State.WAITING, Delivery.State.GATHERED]
    ).update(state=Delivery.State.SENT, payload="", ended_at=now - timedelta(days=1))
    leave_a_dead_letter(story)
    remember_weeks(story)


def tell_of_the_beginning(story: Story) -> None:
    """The first steward came with the house; she made the groups and their rooms, and let everybody in."""
    began = story.ago(1512, 9, 30)
    note(story, Verb.MEMBER_ADDED, None, story.steward, began, {"as": "steward"})
    for number, group in enumerate(Group.objects.filter(kind=Group.Kind.GROUP).order_by("pk")):
        at = story.ago(1500, 10, 5 * number)
        facts: dict[str, Fact] = {"joining": group.joining, "listed": group.listed}
        record(
            verb=Verb.GROUP_MADE, actor=story.steward.pk, subject=Subject("group", group.pk), scope=group.tag,
            facts=facts, at=at,
        )  # fmt: skip
        for room in Room.objects.filter(group=group).order_by("pk"):
            record(
                verb=Verb.ROOM_MADE, actor=story.steward.pk, subject=Subject("room", room.pk), scope=group.tag,
                facts={}, at=at + timedelta(minutes=2),
            )  # fmt: skip
    for member in story.members.values():
        if member != story.steward and (story.now - member.joined_at).days > 70:
            note(story, Verb.MEMBER_ADDED, story.steward, member, member.joined_at, {"as": member.role})


def tell_of_the_house(story: Story) -> None:
    """The rules were published once at the start and once again this year; everybody here agreed."""
    for kind in HouseText.Kind:
        house.publish_text(
            kind=kind,
            raw=shipped(kind),
            by_id=story.steward.pk,
            at=story.ago(1495, 15, 10),
            note="The first.",
        )
    rules = f"{shipped(HouseText.Kind.RULES).rstrip()}\n\nWhoever keeps a group is trained for it every two years.\n"
    latest = house.publish_text(
        kind=HouseText.Kind.RULES, raw=rules, by_id=story.steward.pk, at=story.ago(190, 14, 40),
        note="Whoever keeps a group is trained every two years.",
    )  # fmt: skip
    privacy = HouseText.objects.get(kind=HouseText.Kind.PRIVACY)
    for number, member in enumerate(story.members.values()):
        agreed_at = max(story.ago(186, 18, number), member.joined_at)
        for text in (latest, privacy):
            house.agree(member_id=member.pk, agreed=text, at=agreed_at)
    for ago, changes in (
        (1494, {"newcomer_days": 30}), (804, {"newcomer_days": 14}), (366, {"invitation_days": 7}),
        (350, {"invitation_days": 14}),
    ):  # fmt: skip
        house.change_house(changes=changes, by_id=story.steward.pk, at=story.ago(ago, 11, 25))


def tell_of_roles(story: Story) -> None:
    """Linden joined the team; Alder stood in for a summer. Trainings hold for two years."""
    linden, alder = story.members["Linden"], story.members["Alder"]
    Member.objects.filter(pk=linden.pk).update(role=Member.Role.ALUMNUS)
    linden.role = Member.Role.ALUMNUS
    for member, role, ago, why in (
        (linden, Member.Role.CLINICIAN, 1498, "Licensed, and on the team from today."),
        (alder, Member.Role.STEWARD, 508, "Stands in while I am away until September."),
        (alder, Member.Role.ALUMNUS, 436, "I am back. Thank you, Alder."),
    ):
        roles.change_role(member=member, role=role, by=story.steward, reason=why, at=story.ago(ago, 12, 15))
    for number, (handle, left) in enumerate(TRAINED.items()):
        expires = None if left is None else story.now.date() + timedelta(days=left)
        given = story.ago(700 if left is None else 730 - left, 19, 5 * number)
        desk.note_training(
            member=story.members[handle], group=None, note="Peer moderators, two evenings", by=story.steward,
            trained_on=given.astimezone(ZONE).date() - timedelta(days=1), expires_on=expires, at=given,
        )  # fmt: skip


def tell_of_order(story: Story) -> None:
    for handle, slug, keeper, ago, minutes, reason in MUTED:
        room, at = Room.objects.get(slug=slug), story.ago(ago, 21, 42)
        until = at + timedelta(minutes=minutes)
        member, mute = story.members[handle], Restriction.Kind.MUTE
        by = story.members[keeper].pk
        restrict(member_id=member.pk, kind=mute, scope=room.tag, by_id=by, reason=reason, at=at, until=until)
        lift(member_id=member.pk, kind=mute, scope=room.tag, by_id=None, at=until + timedelta(seconds=8))
    for stop in SUSPENDED:
        member, at, kind = story.members[stop.handle], story.ago(stop.ago, 9, 12), Restriction.Kind.SUSPENSION
        until = at + timedelta(days=stop.days)
        steward = story.steward.pk
        # The restrictions alone: the rooms, whose history is written already, need not hear of it.
        restrict(
            member_id=member.pk, kind=kind, scope=EVERYWHERE, by_id=steward, reason=stop.reason, at=at, until=until
        )  # fmt: skip
        lifted_by = steward if stop.early else None
        ended = until - timedelta(days=stop.early, hours=-3) if stop.early else until + timedelta(seconds=40)
        lift(member_id=member.pk, kind=kind, scope=EVERYWHERE, by_id=lifted_by, at=ended)
    thistle, porch, removal = (
        story.members["Thistle"],
        Group.objects.get(slug="the-porch"),
        Restriction.Kind.REMOVAL,
    )
    restrict(
        member_id=thistle.pk, kind=removal, scope=porch.tag, by_id=story.members["Wren"].pk, at=story.ago(80, 20, 31),
        reason="Kept answering for others after a pause. Two weeks away, then we talk.",
    )  # fmt: skip
    lift(member_id=thistle.pk, kind=removal, scope=porch.tag, by_id=story.steward.pk, at=story.ago(66, 10, 3))


def tell_of_groups(story: Story) -> None:
    """One group was tried for a season and closed; another says more plainly now whom it is for."""
    at = story.ago(470, 13, 20)
    about = "A walk a week, each on our own road, and a line about it afterwards."
    walks = groups.make_group(
        values={"name": "Summer walks", "about": about, "joining": "open", "listed": True, "audience": "alumni"},
        by=story.steward, at=at,
    )  # fmt: skip
    rooms.make_room(
        group=walks, values={"name": "Summer walks", "about": "Where did you go?"}, by=story.steward,
        at=at + timedelta(minutes=4),
    )  # fmt: skip
    for handle, role in (("Pika", Membership.Role.FACILITATOR), ("Old Barn", Membership.Role.MEMBER)):
        member = story.members[handle]
        groups.put_in_group(
            group=walks,
            member=member,
            role=role,
            by=story.steward,
            at=max(at, member.joined_at) + timedelta(minutes=9),
        )
    groups.close_group(group=walks, by=story.steward, at=story.ago(47, 10, 50))
    night = Group.objects.get(slug="night-shift")
    words, night.about = night.about, "For the hours when everyone else is asleep."
    night.save(update_fields=["about"])
    groups.change_group(group=night, values={"about": words}, by=story.steward, at=story.ago(143, 16, 5))


def tell_of_invitations(story: Story) -> None:
    """The last four came by invitation; two wait, one ran out, and one was taken back."""
    for handle in ("Plum", "Goldfinch", "Snowberry", "Slow River"):
        member = story.members[handle]
        offer = making.Offer(address=member.email, role=member.role, days=30)
        made = making.invite(offer=offer, by=story.steward, at=member.joined_at - timedelta(days=3, hours=2))
        accept(made.invitation, member, member.joined_at)
    by = story.steward
    for number, ago in ((1, 2), (2, 5)):
        making.invite(
            offer=making.Offer(address=f"waiting{number}@{DOMAIN}"), by=by, at=story.ago(ago, 9, 20)
        )
    making.invite(offer=making.Offer(address=f"late@{DOMAIN}"), by=by, at=story.ago(33, 9, 45))
    again = making.invite(
        offer=making.Offer(uses=12, days=30, note="Graduation, spring"), by=by, at=story.ago(58, 15, 0)
    )
    making.revoke(invitation=again.invitation, by=by, at=story.ago(55, 9, 5))


def accept(invitation: Invitation, member: Member, at: datetime) -> None:
    Invitation.objects.filter(pk=invitation.pk).update(spent=1, opened_at=at - timedelta(minutes=6))
    Acceptance.objects.create(invitation=invitation, member=member, at=at)
    record(
        verb=Verb.INVITATION_ACCEPTED, actor=member.pk, subject=Subject("member", member.pk), scope=EVERYWHERE,
        facts={"invitation": invitation.pk, "as": member.role}, at=at,
    )  # fmt: skip


def tell_of_looking_up(story: Story) -> None:
    by, members = story.steward, story.members
    naming.require_new_handle(
        member=members["Old Barn"],
        by=by,
        reason="It had the name of a town in it.",
        at=story.ago(702, 17, 30),
    )
    HandleRequest.objects.filter(member=members["Old Barn"]).update(answered_at=story.ago(701, 7, 15))
    barn = members["Old Barn"]
    note(story, Verb.HANDLE_CHANGED, barn, barn, story.ago(701, 7, 15), {})
    note(story, Verb.SIGN_INS_ENDED, by, members["Juniper"], story.ago(118, 8, 20), {"sign_ins_ended": 2})
    note(
        story,
        Verb.PASSWORD_CHANGED,
        members["Juniper"],
        members["Juniper"],
        story.ago(118, 8, 41),
        {"sign_ins_ended": 0},
    )
    desk.show_address(member=members["Quiet Creek"], by=by, at=story.ago(39, 10, 10))
    desk.find_by_address(address=members["Marten"].email, by=by, at=story.ago(9, 14, 22))
    desk.record_export(rows=212, narrowed_by=["since", "until"], by=by, at=story.ago(52, 16, 45))


def leave_a_dead_letter(story: Story) -> None:
    """A mail that came back lies on the desk; another one came back last week and was sent again."""
    for handle, ago in (("Sumac", 8), ("Marten", 1)):
        at = story.ago(ago, 6, 30)
        letter = Delivery.objects.create(
            what=f"demo:{handle.lower()}", member=story.members[handle], kind="account", channel=Channel.EMAIL,
            payload=sealed_payload({"subject": "A change to your account", "text": "Your password was changed."}),
            state=Delivery.State.DEAD, due_at=at, made_at=at, attempts=8, last_error="MailboxUnavailable",
            ended_at=at + timedelta(hours=2),
        )  # fmt: skip
        if ago > 2:
            mail.retry(delivery=letter, by_id=story.steward.pk, at=story.ago(7, 9, 3))
            Delivery.objects.filter(pk=letter.pk).update(
                state=Delivery.State.SENT, payload="", ended_at=story.ago(7, 9, 4)
            )


def remember_weeks(story: Story) -> None:
    for handle, member in story.members.items():
        week = week_of(story.now) - timedelta(weeks=SILENT.get(handle, 0))
        Member.objects.filter(pk=member.pk).update(active_week=week)


def note(story: Story, verb: Verb, by: Member | None, about: Member, at: datetime, facts: Facts) -> None:
    record(
        verb=verb, actor=by.pk if by else None, subject=Subject("member", about.pk), scope=EVERYWHERE,
        facts=facts, at=min(at, story.now),
    )  # fmt: skip

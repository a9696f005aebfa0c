"""People, groups and rooms for tests: `MemberFactory()`, `RoomFactory(group=group)`."""

from __future__ import annotations

import factory
from factory.django import DjangoModelFactory

from community.groups.models import Group, Membership
from community.live.models import Log
from community.members.models import Member
from sessions.rooms.models import Room

PASSWORD = "a lamp by the garden door"


class MemberFactory(DjangoModelFactory[Member]):
    class Meta:
        model = Member

    handle = factory.Sequence(lambda number: f"Wren {number}")
    email = factory.Sequence(lambda number: f"wren{number}@porchlight.example")
    password = factory.django.Password(PASSWORD)


class GroupFactory(DjangoModelFactory[Group]):
    """An open, listed group of alumni."""

    class Meta:
        model = Group

    name = factory.Sequence(lambda number: f"Tuesday circle {number}")
    slug = factory.Sequence(lambda number: f"tuesday-circle-{number}")
    joining = Group.Joining.OPEN


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    group = factory.SubFactory(GroupFactory)
    member = factory.SubFactory(MemberFactory)


class LogFactory(DjangoModelFactory[Log]):
    class Meta:
        model = Log


class RoomFactory(DjangoModelFactory[Room]):
    """A room in its open phase; its log carries the tags of the room and of its group."""

    class Meta:
        model = Room
        skip_postgeneration_save = True

    name = factory.Sequence(lambda number: f"Porch {number}")
    slug = factory.Sequence(lambda number: f"porch-{number}")
    group = factory.SubFactory(GroupFactory)
    log = factory.SubFactory(LogFactory)

    @factory.post_generation
    def tag_log(self: Room, create: bool, extracted: object, **kwargs: object) -> None:
        if create:
            self.log.tags = Log.join_tags(self.group.tag, self.tag)
            self.log.save(update_fields=["tags"])

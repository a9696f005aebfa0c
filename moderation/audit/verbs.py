"""Everything that is recorded, and how it reads."""

from __future__ import annotations

from django.db import models


class Verb(models.TextChoices):
    """Named by what it concerns. A name is never reused for something else: rows with it stay for ever."""

    MEMBER_ADDED = "member.added", "added {subject}"
    MEMBER_SUSPENDED = "member.suspended", "suspended {subject}"
    SUSPENSION_LIFTED = "member.suspension_lifted", "ended the suspension of {subject}"
    PASSWORD_CHANGED = "password.changed", "changed the password of {subject}"
    SIGN_INS_ENDED = "sign_in.ended", "ended sign-ins of {subject}"
    MEMBER_MUTED = "member.muted", "muted {subject}"
    MEMBER_UNMUTED = "member.unmuted", "let {subject} write again"
    GROUP_MADE = "group.made", "made the group {subject}"
    GROUP_CHANGED = "group.changed", "changed the group {subject}"
    GROUP_CLOSED = "group.closed", "closed the group {subject}"
    GROUP_REOPENED = "group.reopened", "opened the group {subject} again"
    ROOM_MADE = "room.made", "made the room {subject}"
    ROOM_CHANGED = "room.changed", "changed the room {subject}"
    ROOM_CLOSED = "room.closed", "closed the room {subject}"
    ROOM_REOPENED = "room.reopened", "opened the room {subject} again"
    ADDRESS_SHOWN = "address.shown", "looked at the address of {subject}"
    ADDRESS_FOUND = "address.found", "looked {subject} up by their address"
    TRAINING_NOTED = "training.noted", "noted a training of {subject}"
    TRAINING_WITHDRAWN = "training.withdrawn", "withdrew a training of {subject}"
    AUDIT_EXPORTED = "audit.exported", "took a copy of the audit log"
    GROUP_MEMBER_ADDED = "group.member_added", "put {subject} in the group"
    GROUP_MEMBER_REMOVED = "group.member_removed", "removed {subject} from the group"
    GROUP_REMOVAL_LIFTED = "group.removal_lifted", "let {subject} come back to the group"
    GROUP_REQUEST_ANSWERED = "group.request_answered", "answered {subject}, who asked to join"
    ROLE_CHANGED = "role.changed", "changed the role of {subject}"
    MESSAGE_HIDDEN = "message.hidden", "hid {subject}"
    MESSAGE_RESTORED = "message.restored", "showed {subject} again"
    DELIVERY_RETRIED = "delivery.retried", "had {subject} sent again"
    DELIVERY_DROPPED = "delivery.dropped", "gave up {subject}"
    HOUSE_CHANGED = "house.changed", "changed the settings of the house"
    HOUSE_TEXT_PUBLISHED = "house.text_published", "published a text of the house"

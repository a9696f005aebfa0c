"""Everything that is recorded, and how it reads."""

from __future__ import annotations

from django.db import models


class Verb(models.TextChoices):
    """Named by what it concerns. A name is never reused for something else: rows with it stay for ever."""

    MEMBER_ADDED = "member.added", "added {subject}"
    MEMBER_SUSPENDED = "member.suspended", "suspended {subject}"
    SUSPENSION_LIFTED = "member.suspension_lifted", "ended the suspension of {subject}"
    PASSWORD_CHANGED = "password.changed", "changed the password of {subject}"
    MEMBER_MUTED = "member.muted", "muted {subject}"
    MEMBER_UNMUTED = "member.unmuted", "let {subject} write again"
    GROUP_MEMBER_ADDED = "group.member_added", "put {subject} in the group"
    GROUP_MEMBER_REMOVED = "group.member_removed", "removed {subject} from the group"
    GROUP_REMOVAL_LIFTED = "group.removal_lifted", "let {subject} come back to the group"
    GROUP_REQUEST_ANSWERED = "group.request_answered", "answered {subject}, who asked to join"
    ROLE_CHANGED = "role.changed", "changed the role of {subject}"
    MESSAGE_HIDDEN = "message.hidden", "hid {subject}"
    MESSAGE_RESTORED = "message.restored", "showed {subject} again"
    HOUSE_CHANGED = "house.changed", "changed the settings of the house"
    HOUSE_TEXT_PUBLISHED = "house.text_published", "published a text of the house"

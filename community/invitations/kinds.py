"""The mails that go to people who are not here yet."""

from community.notifications.kinds import Kind
from community.notifications.models import Channel

EMAIL_ONLY = (Channel.EMAIL,)

LINK = Kind(
    "invitation.link",
    "An invitation",
    channels=EMAIL_ONLY,
    switchable=False,
    urgent=True,
    subject="You are invited",
    mail="invitations/mail/link.txt",
)
CODE = Kind(
    "invitation.code",
    "The code that confirms an address",
    channels=EMAIL_ONLY,
    switchable=False,
    urgent=True,
    subject="Your code",
    mail="invitations/mail/code.txt",
)
KNOWN = Kind(
    "invitation.known",
    "That someone gave your address at the door",
    channels=EMAIL_ONLY,
    switchable=False,
    urgent=True,
    subject="About your address",
    mail="invitations/mail/known.txt",
)
NOT_NOW = Kind(
    "invitation.not_now",
    "The answer to someone who asked to be let in",
    channels=EMAIL_ONLY,
    switchable=False,
    urgent=True,
    subject="About what you asked",
    mail="invitations/mail/not_now.txt",
)
ALL = (LINK, CODE, KNOWN, NOT_NOW)

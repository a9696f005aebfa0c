"""The kinds of things that people are told; each app registers its own in `AppConfig.ready`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from community.notifications.models import Channel

SOMETHING = "There is something to see"
TELLING = re.compile(
    r"addict|sober|clean|recover|alumn|treatment|therap|clinic|group|meeting|relapse|step|sponsor|porchlight",
    re.IGNORECASE,
)


class NotNeutral(ValueError):
    """A mail's subject tells what the place is for: it is read over shoulders and on locked screens."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is told, and how.

    `name` is stored, and never reused for something else. `words` stand on the page where it is chosen. `line` is the
    inbox's sentence, with the context's names in braces. `mail` is the template of the mail's text; the HTML is made
    from it. What is not `switchable` always comes; what is `urgent` heeds neither quiet hours nor bundles, and also
    reaches someone who may not sign in. After `useful_for` it is not sent any more.
    """

    name: str
    words: str
    line: str = ""
    channels: tuple[Channel, ...] = (Channel.INBOX, Channel.EMAIL)
    switchable: bool = True
    urgent: bool = False
    useful_for: timedelta | None = None
    subject: str = SOMETHING
    mail: str = "notifications/mail/something.txt"

    def __post_init__(self) -> None:
        if TELLING.search(self.subject) or "\n" in self.subject or "\r" in self.subject:
            raise NotNeutral(self.subject)
        if Channel.INBOX in self.channels and not self.line:
            raise ValueError(f"{self.name}: what the inbox shows needs a line")


_kinds: dict[str, Kind] = {}


def register(*kinds: Kind) -> None:
    for kind in kinds:
        if _kinds.setdefault(kind.name, kind) != kind:
            raise ValueError(f"{kind.name} is the name of another kind")


def kind_named(name: str) -> Kind:
    """Raises KeyError for a kind that no app registers (any more)."""
    return _kinds[name]


def switchable() -> list[Kind]:
    return sorted((kind for kind in _kinds.values() if kind.switchable), key=lambda kind: kind.words)


def always() -> list[Kind]:
    return sorted(
        (kind for kind in _kinds.values() if not kind.switchable and kind is not BUNDLE),
        key=lambda kind: kind.words,
    )


# Mail that a sign-in asked for. It carries its own words, since they are made while the request is there.
ACCOUNT = Kind(
    "account.mail",
    "What you ask for yourself when signing in, and what changed about your sign-in",
    channels=(Channel.EMAIL,),
    switchable=False,
    urgent=True,
    mail="notifications/mail/ready.txt",
)
# Several things in one mail.
BUNDLE = Kind(
    "notices.bundle",
    "Several things together",
    channels=(Channel.EMAIL,),
    switchable=False,
    mail="notifications/mail/bundle.txt",
)

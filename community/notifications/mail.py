"""The e-mail channel: a delivery as a message, and handing it to the mail server."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Mapping
from email.utils import parseaddr
from types import TracebackType
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.message import BadHeaderError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from community.notifications.kinds import Kind
from community.notifications.links import absolute, turn_off
from community.notifications.models import Delivery
from community.notifications.payload import read_payload

LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
HEADERS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


class NotTaken(Exception):
    """The mail certainly did not leave the house. `for_good`: it won't by trying again either."""

    def __init__(self, error: str, *, for_good: bool = False) -> None:
        super().__init__(error)
        self.error = error
        self.for_good = for_good


class PerhapsTaken(Exception):
    """The connection broke after the whole mail may have reached the server."""


def compose(delivery: Delivery, kind: Kind) -> EmailMultiAlternatives:
    """The message, its HTML made from its text. Raises Unreadable, BadHeaderError, TemplateDoesNotExist."""
    payload = read_payload(delivery.payload)
    address = payload.address or getattr(delivery.member, "email", "")
    headers = HEADERS | {"Message-ID": message_id(delivery)}
    choices = ""
    if kind.switchable and delivery.member_id is not None:
        choices = absolute(reverse("notifications:choices"))
        headers["List-Unsubscribe"] = f"<{turn_off(delivery.member_id, kind.name)}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    link = absolute(reverse("notifications:open", args=[delivery.key]))
    inbox = absolute(reverse("notifications:inbox"))
    places = {"link": link, "inbox": inbox, "choices": choices}
    text = render_to_string(kind.mail, places | dict(payload.context)).strip() + "\n"
    subject = one_line(payload.context.get("subject") or kind.subject)
    message = EmailMultiAlternatives(
        subject=subject,
        body=text,
        to=[address],
        headers=headers,
    )
    message.attach_alternative(as_html(subject, text), "text/html")
    message.message()  # a header that can't stand is found before anything is sent
    return message


def message_id(delivery: Delivery) -> str:
    """The same however often it is tried (RFC 5322 section 3.6.4)."""
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{delivery.key}@{host}>"


def one_line(text: str) -> str:
    return " ".join(text.split())


def as_html(title: str, text: str) -> str:
    """Paragraphs, line breaks and links; no pictures, nothing from elsewhere."""
    paragraphs = [part for part in re.split(r"\n{2,}", text.strip()) if part]
    body = format_html_join("\n", "<p>{}</p>", ((_linked(part),) for part in paragraphs))
    return render_to_string("notifications/mail/page.html", {"title": title, "body": body})


def _linked(text: str) -> SafeString:
    pieces, end = [], 0
    for found in LINK.finditer(text):
        pieces.append(escape(text[end : found.start()]))
        pieces.append(format_html('<a href="{}">{}</a>', found[0], found[0]))
        end = found.end()
    pieces.append(escape(text[end:]))
    # Each piece is escaped, or made by format_html.
    return mark_safe("".join(pieces).replace("\n", "<br>\n"))  # noqa: S308


class Post:
    """One connection to the mail server for a round of deliveries, opened when it is needed and anew after a fault."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._away = ""

    def open(self) -> None:
        """Raises NotTaken when the server can't be reached or doesn't let us in; that is tried once a round."""
        if self._away:
            raise NotTaken(self._away)
        if self._connection is not None:
            return
        connection = get_connection()
        try:
            connection.open()
        except (OSError, smtplib.SMTPException) as error:
            self._away = type(error).__name__
            raise NotTaken(self._away) from error
        self._connection = connection

    def hand_over(self, message: EmailMultiAlternatives) -> None:
        """Returns once the server took the mail. Raises NotTaken, PerhapsTaken."""
        try:
            taken = self._connection.send_messages([message])
        except REFUSALS as refusal:
            self.close()
            raise NotTaken(type(refusal).__name__, for_good=is_for_good(refusal)) from refusal
        except (OSError, smtplib.SMTPException) as error:
            before_data = getattr(getattr(self._connection, "connection", None), "before_data", False)
            self.close()
            if before_data:
                raise NotTaken(type(error).__name__) from error
            raise PerhapsTaken(type(error).__name__) from error
        if not taken:
            raise NotTaken("NothingSent")

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except (OSError, smtplib.SMTPException):
                pass  # it is over either way

    def __enter__(self) -> Post:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


# The server answered, and the answer was no; or the message could not be made. Nothing was taken.
REFUSALS = (
    smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError, BadHeaderError,
    UnicodeError,
)  # fmt: skip


def is_for_good(refusal: Exception) -> bool:
    """By the reply code: 5yz is a permanent negative (RFC 5321 section 4.2.1)."""
    match refusal:
        case smtplib.SMTPRecipientsRefused(recipients=recipients):
            answers: Mapping[str, tuple[int, bytes]] = recipients
            return all(code >= 500 for code, _ in answers.values())
        case smtplib.SMTPResponseException(smtp_code=code):
            return bool(code >= 500)
        case _:
            return True

"""Django's SMTP backend, and how far a mail had come when the connection broke."""

from __future__ import annotations

import smtplib
from typing import Any

from django.core.mail.backends import smtp


class Watching:
    """`before_data` holds until the first byte of a mail's text is about to leave."""

    before_data = True

    def mail(self, *args: Any, **kwargs: Any) -> Any:
        self.before_data = True
        return super().mail(*args, **kwargs)  # type: ignore[misc]

    def data(self, msg: Any) -> Any:
        self.before_data = False
        return super().data(msg)  # type: ignore[misc]


class WatchingSMTP(Watching, smtplib.SMTP):
    pass


class WatchingSMTPOverTLS(Watching, smtplib.SMTP_SSL):
    pass


class EmailBackend(smtp.EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return WatchingSMTPOverTLS if self.use_ssl else WatchingSMTP

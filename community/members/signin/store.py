"""The session engine: Django's own in the database, with rows that know whose they are and when they end."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as InDatabase
from django.utils import timezone

from community.members.signin import access
from community.members.signin.limits import VISIT, limits_for
from community.members.signin.models import SignIn


class SessionStore(InDatabase):
    row: SignIn | None = None
    began: tuple[datetime, str] | None = None

    @classmethod
    def get_model_class(cls) -> type[SignIn]:
        return SignIn

    def begin(self, *, at: datetime, device: str) -> None:
        """Someone has just proved who they are: their sign-in counts from here."""
        self.began = (at, device)
        self.modified = True

    @property
    def held(self) -> bool:
        """Whether this sign-in leads nowhere but to setting up a second factor."""
        return self.row is not None and self.row.held

    def _get_session_from_db(self) -> SignIn | None:
        row: SignIn | None = super()._get_session_from_db()  # type: ignore[misc]
        if row is not None and row.member_id is not None:
            # What is set may have become shorter since the row was written.
            end = limits_for(strict=row.strict).end(started_at=row.started_at, seen_at=row.seen_at)
            if end <= timezone.now():
                self._session_key = None
                row = None
        self.row = row
        return row

    async def _aget_session_from_db(self) -> SignIn | None:
        return await sync_to_async(self._get_session_from_db)()

    def create_model_instance(self, data: dict[str, Any]) -> SignIn:
        self.row = self._row(data)
        return self.row

    async def acreate_model_instance(self, data: dict[str, Any]) -> SignIn:
        return await sync_to_async(self.create_model_instance)(data)

    def _holding(self, before: SignIn) -> tuple[bool, bool, bool]:
        """What the row says now: others write it too, while this browser's session is in use."""
        now = SignIn.objects.filter(pk=before.pk).values_list("strict", "held", "to_warn").first()
        return now or (before.strict, before.held, before.to_warn)

    def _row(self, data: dict[str, Any]) -> SignIn:
        now = timezone.now()
        row = SignIn(
            session_key=self._get_or_create_session_key(),  # type: ignore[attr-defined]
            session_data=self.encode(data),
            member_id=int(data[SESSION_KEY]) if SESSION_KEY in data else None,
            started_at=now,
            seen_at=now,
            expire_date=now + VISIT,
        )
        if row.member_id is None:
            return row
        before = self.row if self.row is not None and self.row.member_id == row.member_id else None
        if before is not None and self.began is None:
            row.started_at, row.device = before.started_at, before.device
            row.strict, row.held, row.to_warn = self._holding(before)
        else:
            row.started_at, row.device = self.began or (now, "")
            standing = access.standing_of(row.member_id)
            row.strict, row.held = standing.strict, standing.held
            row.to_warn = access.has_open_recovery(row.member_id)
        row.expire_date = limits_for(strict=row.strict).end(started_at=row.started_at, seen_at=now)
        return row

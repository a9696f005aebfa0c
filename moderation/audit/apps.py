from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "moderation.audit"
    label = "audit"

    def ready(self) -> None:
        from community.live import ticks
        from moderation.audit.jobs import look_and_set_down

        post_migrate.connect(migrated, sender=self, dispatch_uid="audit.migrated")
        ticks.register("audit_checkpoint", every_seconds=24 * 3600, run=look_and_set_down)


def migrated(using: str, **kwargs: Any) -> None:
    """SQLite alters a table by making it anew, without its triggers; a flush takes the head away."""
    from moderation.audit.triggers import stand

    stand(connections[using])

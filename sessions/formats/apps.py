from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class FormatsConfig(AppConfig):
    name = "sessions.formats"
    label = "formats"

    def ready(self) -> None:
        post_migrate.connect(migrated, sender=self, dispatch_uid="formats.migrated")


def migrated(**kwargs: Any) -> None:
    """The formats of this release are there once the tables are."""
    from django.utils import timezone

    from sessions.formats.shipping import ship_formats

    ship_formats(at=timezone.now())

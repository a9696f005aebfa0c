from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.template.loader import render_to_string


class FormatsConfig(AppConfig):
    name = "sessions.formats"
    label = "formats"

    def ready(self) -> None:
        from community.calendar import parts, splits
        from sessions.formats.demo import plan_demo
        from sessions.rooms.demo.also import add_to_demo

        parts.register(outline)
        splits.register(carry_plan_over)
        add_to_demo(plan_demo)
        post_migrate.connect(migrated, sender=self, dispatch_uid="formats.migrated")


def carry_plan_over(old: Any, new: Any) -> None:
    """The dates that go on as an event of their own follow the same script."""
    from sessions.formats.models import Plan

    for plan in Plan.objects.filter(event=old):
        Plan.objects.create(event=new, version=plan.version, by=plan.by, at=plan.at)


def migrated(**kwargs: Any) -> None:
    """The formats of this release are there once the tables are."""
    from django.utils import timezone

    from sessions.formats.shipping import ship_formats

    ship_formats(at=timezone.now())


def outline(occurrence: Any, keeps: bool) -> str:
    """How an event goes, on its page."""
    from sessions.formats.access import plan_of

    planned = plan_of(occurrence)
    if planned is None and not keeps:
        return ""
    steps = list(planned.outline(occurrence.starts_at)) if planned else []
    return render_to_string(
        "formats/_outline.html", {"planned": planned, "steps": steps, "one": occurrence, "keeps": keeps}
    )

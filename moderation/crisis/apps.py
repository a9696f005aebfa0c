from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from community.house.desk import Waiting


class CrisisConfig(AppConfig):
    name = "moderation.crisis"
    label = "crisis"

    def ready(self) -> None:
        from community.house import desk
        from moderation.audit.words import register_names
        from moderation.crisis import checks  # noqa: F401 - registers itself

        register_names("help_line", names_of)
        desk.register_attention(lines_to_ring, order=70)


def names_of(ids: Collection[int]) -> Mapping[int, str]:
    """How help lines are called in the audit log; those that were taken back are called by their number."""
    from moderation.crisis.models import HelpLine

    found = HelpLine.objects.filter(pk__in=ids).values_list("pk", "shipped", "content")
    return {
        pk: f"the help line “{content['name'] if content else shipped}”" for pk, shipped, content in found
    }


def lines_to_ring(at: datetime) -> Iterable[Waiting]:
    """For the desk: whose numbers nobody rang for a year."""
    from django.urls import reverse

    from community.house.desk import Waiting
    from moderation.crisis.access import country_names
    from moderation.crisis.actions import unchecked

    for code in unchecked(at):
        yield Waiting(
            f"Ring the help lines of the house for {country_names().get(code, code)}",
            f"{reverse('desk:lines')}?country={code}",
            "Nobody noted for a year that they answer.",
        )

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "community.members"
    label = "members"

    def ready(self) -> None:
        from community.live import ticks
        from community.members.suspension import end_spent_suspensions
        from moderation.audit import words

        words.register_names(words.MEMBER, handles)
        ticks.register("end_spent_suspensions", every_seconds=60, run=end_spent_suspensions)


def handles(ids: Collection[int]) -> Mapping[int, str]:
    from community.members.models import Member

    return dict(Member.objects.filter(pk__in=ids).values_list("pk", "handle"))

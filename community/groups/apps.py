from collections.abc import Collection, Mapping

from django.apps import AppConfig


class GroupsConfig(AppConfig):
    name = "community.groups"
    label = "groups"

    def ready(self) -> None:
        from moderation.audit import words

        words.register_names("group", names)


def names(ids: Collection[int]) -> Mapping[int, str]:
    from community.groups.models import Group

    return dict(Group.objects.filter(pk__in=ids).values_list("pk", "name"))

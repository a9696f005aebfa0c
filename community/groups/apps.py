from collections.abc import Collection, Mapping

from django.apps import AppConfig


class GroupsConfig(AppConfig):
    name = "community.groups"
    label = "groups"

    def ready(self) -> None:
        from community.groups.kinds import ANSWERED, ASKED
        from community.groups.leaving import end_all_memberships, groups_left_alone
        from community.members import leaving
        from community.notifications import kinds
        from moderation.audit import words

        words.register_names("group", names)
        kinds.register(ASKED, ANSWERED)
        leaving.on_leaving(end_all_memberships)
        leaving.on_asking_to_leave(groups_left_alone)


def names(ids: Collection[int]) -> Mapping[int, str]:
    from community.groups.models import Group

    return dict(Group.objects.filter(pk__in=ids).values_list("pk", "name"))

from django.apps import AppConfig


class DirectConfig(AppConfig):
    name = "sessions.direct"
    label = "direct"

    def ready(self) -> None:
        from community.groups.removal import on_leaving
        from community.live import ticks
        from community.members.blocks.actions import on_block
        from community.notifications import kinds
        from sessions.direct.access import rests
        from sessions.direct.actions import end_between, end_with_membership, forget_spent_words
        from sessions.direct.kinds import ASKED
        from sessions.rooms import resting

        kinds.register(ASKED)
        resting.register(rests)
        on_block(end_between)
        on_leaving(end_with_membership)
        ticks.register("forget_spent_words", every_seconds=3600, run=forget_spent_words)

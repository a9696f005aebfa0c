from __future__ import annotations

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "community.notifications"
    label = "notifications"

    def ready(self) -> None:
        from community.house import you
        from community.live import ticks
        from community.notifications import kinds
        from community.notifications.actions import JOB
        from community.notifications.delivering import deliver_due
        from community.notifications.retention import forget_told

        kinds.register(kinds.ACCOUNT, kinds.BUNDLE)
        you.register(you.Page("What you are told", "notifications:choices", 40))
        ticks.register(JOB, every_seconds=1, run=deliver_due, alongside=True)
        ticks.register("forget_told", every_seconds=3600, run=forget_told)

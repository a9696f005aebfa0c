from django.apps import AppConfig


class AttendanceConfig(AppConfig):
    name = "sessions.attendance"
    label = "attendance"

    def ready(self) -> None:
        from community.house import you
        from community.live import ticks
        from community.members.leaving import on_leaving
        from sessions.attendance.actions import drop_all, forget_spent
        from sessions.attendance.door import confirming
        from sessions.meetings import parts

        you.register(you.Page("Certificates", "attendance:mine", 50))
        parts.register(confirming)
        on_leaving(drop_all)
        ticks.register("forget_spent_certificates", every_seconds=3600, run=forget_spent)

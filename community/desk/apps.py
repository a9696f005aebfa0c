from collections.abc import Collection, Mapping

from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "community.desk"
    label = "desk"

    def ready(self) -> None:
        from community.desk import demo, health, waiting
        from community.house.desk import Section, register, register_attention
        from moderation.audit import words
        from sessions.rooms.demo.also import add_to_demo

        words.register_names("delivery", mails)
        register(Section("What waits", "desk:home", 0))
        register(Section("People", "desk:people", 10))
        register(Section("Groups", "desk:groups", 30))
        register(Section("Roles and training", "desk:roles", 40))
        register(Section("House rules", "desk:texts", 60))
        register(Section("Name and colours", "desk:look", 62))
        register(Section("Settings", "desk:settings", 64))
        register(Section("Help lines", "desk:lines", 66))
        register(Section("Health", "desk:health", 90))
        register(Section("Mail", "desk:mail", 70))
        register(Section("Audit log", "desk:audit", 90))
        add_to_demo(demo.add_trail)
        register_attention(waiting.the_log, order=0)
        register_attention(waiting.the_mail, order=10)
        register_attention(health.told_at_once, order=15)
        register_attention(waiting.requests_to_join, order=30)
        register_attention(waiting.groups_alone, order=40)
        register_attention(waiting.trainings, order=60)


def mails(ids: Collection[int]) -> Mapping[int, str]:
    """A mail has no name that could stand in a list: its number tells one from another."""
    return {number: f"mail {number}" for number in ids}

from django.apps import AppConfig


class BlocksConfig(AppConfig):
    name = "community.members.blocks"
    label = "blocks"

    def ready(self) -> None:
        from community.house import you

        you.register(you.Page("People you blocked", "blocks:all", 60))

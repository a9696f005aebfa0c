from django.apps import AppConfig


class BlocksConfig(AppConfig):
    name = "community.members.blocks"
    label = "blocks"

"""Make the bench's rooms, in the instance that the environment names: `python -m tests.load.rooms SLUG…`."""

from __future__ import annotations

import os
import sys

import django


def main(slugs: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "community.config.settings")
    django.setup()
    from django.db import transaction

    from tests.factories import GroupFactory, RoomFactory

    with transaction.atomic():
        group = GroupFactory(name="Bench", slug="bench")
        for slug in slugs:
            RoomFactory(name=slug, slug=slug, group=group)


if __name__ == "__main__":
    main(sys.argv[1:])

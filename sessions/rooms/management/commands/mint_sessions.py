"""Make signed-in members for a load test and print their session cookies."""

from __future__ import annotations

import argparse
import dataclasses
import re
from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from sessions.rooms.crowd import HandlesTaken, NoSuchRoom, gather_crowd

MOST = 100_000


def at_least_one(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise argparse.ArgumentTypeError(f"must be a number from 1 to {MOST}")
    return int(text)


def plain_word(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]{0,15}", text):
        raise argparse.ArgumentTypeError("must be a short word of small letters and digits, such as load")
    return text


class Command(BaseCommand):
    help = "Print one JSON line for each load-test member of a room: member, handle, cookie."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--room", required=True, help="the room's slug, such as porch")
        parser.add_argument("--count", required=True, type=at_least_one, help="how many members")
        parser.add_argument("--prefix", default="load", type=plain_word, help="how their handles begin")

    def handle(self, *args: Any, room: str, count: int, prefix: str, **options: Any) -> None:
        if not settings.PORCHLIGHT_ALLOW_LOADTEST:
            raise CommandError(
                "This signs people in without a password, so it needs PORCHLIGHT_ALLOW_LOADTEST=1 in the environment."
            )
        try:
            crowd = gather_crowd(room_slug=room, count=count, prefix=prefix, at=timezone.now())
        except NoSuchRoom:
            raise CommandError(f"There is no room “{room}”.") from None
        except HandlesTaken as taken:
            raise CommandError(
                f"Somebody already goes by the handle “{taken}”. Choose another --prefix."
            ) from None
        self.stdout.write("\n".join(orjson.dumps(dataclasses.asdict(sign_in)).decode() for sign_in in crowd))

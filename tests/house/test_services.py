"""The ground that the tests stand on is what the run says it is."""

from __future__ import annotations

import os

import pytest
import redis
from django.conf import settings
from django.db import connection

from community.groups.models import Membership
from community.live.models import Log
from tests import services
from tests.factories import MembershipFactory, RoomFactory


@pytest.mark.django_db
def test_the_database_is_the_one_that_was_chosen() -> None:
    expected = {"sqlite": "sqlite", "postgres": "postgresql"}[services.chosen()]
    assert connection.vendor == expected


def test_redis_answers_in_the_postgres_run_and_is_absent_in_the_other() -> None:
    if services.chosen() == "postgres":
        assert redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5).ping() is True
    else:
        assert settings.REDIS_URL == ""


def test_data_of_the_tests_lies_in_their_own_folder() -> None:
    assert settings.PORCHLIGHT_DATA.is_relative_to(os.environ[services.FOLDER])


@pytest.mark.django_db
def test_a_room_from_the_factory_is_found_by_its_own_tag_and_by_its_groups() -> None:
    room = RoomFactory()
    RoomFactory()
    assert list(Log.objects.tagged(room.tag)) == [room.log]
    assert list(Log.objects.tagged(room.group.tag)) == [room.log]


@pytest.mark.django_db
def test_a_membership_from_the_factory_is_a_plain_member() -> None:
    assert MembershipFactory().role == Membership.Role.MEMBER

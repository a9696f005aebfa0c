"""The kinds of events, as a steward keeps them."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from community.calendar import sorts
from community.calendar.models import Kind
from community.groups.models import Group
from community.members.models import Member
from tests.calendar.making import NOW, a_kind, facilitator, make_event
from tests.factories import GroupFactory, MemberFactory

pytestmark = pytest.mark.django_db
ALL = reverse("kinds:all")


@pytest.fixture
def steward(client: Client) -> Member:
    member: Member = MemberFactory(role=Member.Role.STEWARD)
    client.force_login(member)
    return member


def test_a_kind_of_ones_own_can_be_chosen_renamed_and_once_nothing_is_of_it_dropped(
    client: Client, steward: Member
) -> None:
    assert client.post(ALL, {"name": "  Book   circle "}).status_code == 302
    added = Kind.objects.get(name="Book circle")
    assert added.slug == "book-circle"
    assert list(Kind.objects.all())[-1] == added
    assert "Book circle" in client.get(reverse("calendar:new")).content.decode()
    page = reverse("kinds:kind", args=[added.pk])
    assert 'value="Book circle"' in client.get(page).content.decode()
    assert client.post(page, {"name": "Reading circle"}).status_code == 302
    event = make_event(by=facilitator(), kind=added)
    drop = reverse("kinds:drop", args=[added.pk])
    assert "1 event" in client.get(ALL).content.decode()
    assert "give them another one first" in client.post(drop, follow=True).content.decode()
    assert Kind.objects.get(pk=added.pk).name == "Reading circle"
    event.delete()
    assert "It is gone from the list." in client.post(drop, follow=True).content.decode()
    assert not Kind.objects.filter(pk=added.pk).exists()


def test_two_kinds_have_two_names_and_two_addresses(client: Client, steward: Member) -> None:
    taken = a_kind()
    refused = client.post(ALL, {"name": taken.name.upper()})
    assert refused.status_code == 422
    assert "Another kind is called that." in refused.content.decode()
    assert client.post(ALL, {"name": " "}).status_code == 422
    one, other = (sorts.add_kind(name=name, by=steward, at=NOW) for name in ("Walk", "Walk!"))
    assert (one.slug, other.slug) == ("walk", "walk-2")
    assert client.post(reverse("kinds:kind", args=[one.pk]), {"name": "walk!"}).status_code == 422
    assert client.post(reverse("kinds:kind", args=[one.pk]), {"name": "WALK"}).status_code == 302


def test_the_last_kind_stays(steward: Member) -> None:
    first, *others = Kind.objects.all()
    for kind in others:
        sorts.drop_kind(kind=kind, by=steward, at=NOW)
    with pytest.raises(sorts.InUse):
        sorts.drop_kind(kind=first, by=steward, at=NOW)


def test_for_all_but_stewards_there_is_no_such_page(client: Client) -> None:
    kind = a_kind()
    pages = [ALL, reverse("kinds:kind", args=[kind.pk])]
    for person in (facilitator(), MemberFactory(), MemberFactory(role=Member.Role.CLINICIAN)):
        client.force_login(person)
        assert {client.get(page).status_code for page in pages} == {404}
        assert client.post(ALL, {"name": "Walk"}).status_code == 404
        assert client.post(reverse("kinds:drop", args=[kind.pk])).status_code == 404
    assert not Kind.objects.filter(name="Walk").exists()


def test_the_list_costs_the_same_however_many_there_are(
    client: Client, steward: Member, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        sorts.add_kind(name=f"Walk {number}", by=steward, at=NOW)
    with django_assert_max_num_queries(6):
        page = client.get(ALL)
    assert list(page.context["kinds"]) == list(Kind.objects.all())


def test_what_two_people_have_booked_is_not_counted(client: Client, steward: Member) -> None:
    group = GroupFactory(kind=Group.Kind.MEETING, joining="closed", listed=False)
    kind = sorts.add_kind(name="Quiet hour", by=steward, at=NOW)
    make_event(by=facilitator(), kind=kind, group=group, audience="group")
    [line] = [one for one in client.get(ALL).context["kinds"] if one == kind]
    assert (line.count, line.used) == (0, True)

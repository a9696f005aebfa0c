"""Reading, copying and writing formats: for those who hold meetings, and each keeps their own."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from community.members.models import Member
from sessions.formats import shipping
from sessions.formats.models import Format, FormatVersion, Plan
from tests.calendar.making import facilitator, make_event, nth
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db
ALL = reverse("formats:all")


@pytest.fixture(autouse=True)
def shipped() -> None:
    shipping.ship_formats(at=timezone.now())


def page(name: str, slug: str = "open-sharing") -> str:
    return reverse(f"formats:{name}", args=[slug])


def copied(client: Client, by: Member, slug: str = "open-sharing") -> Format:
    client.force_login(by)
    assert client.post(page("copies", slug)).status_code == 302
    return Format.objects.filter(keeper=by).latest("pk")


def sent(kept: Format, **changes: Any) -> dict[str, Any]:
    """What the form sends when nothing is changed, but for `changes`."""
    version = kept.versions.order_by("-number")[0]
    rows = version.body["steps"]
    data: dict[str, Any] = {
        "name": kept.name, "about": kept.about, "crosstalk": version.body["crosstalk"], "after": version.number,
        "step-TOTAL_FORMS": len(rows), "step-INITIAL_FORMS": len(rows),
    }  # fmt: skip
    for place, row in enumerate(rows):
        data |= {f"step-{place}-{name}": "" if value is None else value for name, value in row.items()}
    return data | changes


def test_members_who_hold_no_meetings_find_no_formats(client: Client) -> None:
    client.force_login(MemberFactory())
    doors = [ALL, page("format"), page("change")]
    assert [client.get(door).status_code for door in doors] == [404] * 3
    assert client.post(page("copies")).status_code == 404
    client.force_login(facilitator())
    assert client.get(ALL).status_code == 200
    assert "Whoever has the floor writes, 5 min a turn" in client.get(page("format")).content.decode()


def test_what_came_with_the_house_is_copied_and_not_changed(client: Client) -> None:
    by = facilitator()
    kept = copied(client, by)
    assert kept.name == "Open sharing (mine)"
    assert kept.versions.get().body == Format.objects.get(slug="open-sharing").versions.get().body
    assert client.get(page("change")).status_code == 403
    assert client.post(page("retirement")).status_code == 403
    assert client.get(page("change", kept.slug)).status_code == 200
    client.force_login(facilitator())
    assert client.get(page("change", kept.slug)).status_code == 403


def test_a_change_is_a_new_version_and_the_old_one_stays(client: Client) -> None:
    kept = copied(client, facilitator())
    change = page("change", kept.slug)
    assert client.post(change, sent(kept)).status_code == 302
    assert kept.versions.count() == 1
    client.post(change, sent(kept, **{"step-0-words": "Welcome home.", "name": "Ours"}))
    kept.refresh_from_db()
    assert kept.name == "Ours"
    assert [version.script.steps[0].words == "Welcome home." for version in kept.versions.all()] == [
        True,
        False,
    ]


def test_a_step_is_added_and_another_left_out_without_javascript(client: Client) -> None:
    kept = copied(client, facilitator())
    change = page("change", kept.slug)
    more = client.post(change, sent(kept, more="", **{"step-0-title": "Typed and not saved"}))
    body = more.content.decode()
    assert more.status_code == 200
    assert "Typed and not saved" in body
    assert body.count("<legend>Step") == 6
    assert 'class="wrong"' not in body
    last = {
        "step-5-phase": "fellowship", "step-5-title": "Tea", "step-5-minutes": "10", "step-5-writes": "all",
        "step-TOTAL_FORMS": "6", "step-1-DELETE": "on",
    }  # fmt: skip
    assert client.post(change, sent(kept, **last)).status_code == 302
    titles = [step.title for step in kept.versions.order_by("-number")[0].script.steps]
    assert titles == ["Welcome", "Sharing", "Closing", "Staying on", "Tea"]


@pytest.mark.parametrize(
    ("changes", "id"),
    [
        ({"step-2-minutes": "0"}, "id_step-2-minutes_error"), ({"step-2-title": ""}, "id_step-2-title_error"),
        ({"step-2-phase": "opening"}, "id_step-2-phase_error"), ({"name": ""}, "id_name_error"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept(
    client: Client, changes: dict[str, Any], id: str
) -> None:
    kept = copied(client, facilitator())
    refused = client.post(page("change", kept.slug), sent(kept, **{"step-0-words": "Typed.", **changes}))
    assert refused.status_code == 422
    assert f'id="{id}"' in refused.content.decode()
    assert "Typed." in refused.content.decode()
    assert kept.versions.count() == 1


def test_two_who_write_at_once_lose_nothing(client: Client) -> None:
    kept = copied(client, facilitator())
    change = page("change", kept.slug)
    mine, theirs = sent(kept, **{"step-0-words": "Mine."}), sent(kept, **{"step-0-words": "Theirs."})
    assert client.post(change, theirs).status_code == 302
    refused = client.post(change, mine)
    assert refused.status_code == 422
    assert "changed elsewhere" in refused.content.decode()
    assert "Mine." in refused.content.decode()
    assert client.post(change, mine | {"after": "2"}).status_code == 302
    assert FormatVersion.objects.filter(format=kept).count() == 3


def test_a_format_that_is_out_of_use_is_out_of_the_list(client: Client) -> None:
    kept = copied(client, facilitator())
    assert kept.name in client.get(ALL).content.decode()
    client.post(page("retirement", kept.slug))
    assert kept.name not in client.get(ALL).content.decode()
    assert client.get(page("format", kept.slug)).status_code == 404


def test_the_list_costs_the_same_however_many_there_are(
    client: Client, django_assert_num_queries: Any
) -> None:
    by = facilitator()
    copied(client, by)
    with django_assert_num_queries(LIST_QUERIES):
        client.get(ALL)
    for _ in range(5):
        copied(client, by)
    with django_assert_num_queries(LIST_QUERIES):
        client.get(ALL)


LIST_QUERIES = 9


def test_an_event_follows_a_format_and_its_page_says_how_it_goes(client: Client) -> None:
    by = facilitator()
    event = make_event(by=by)
    one = nth(event, 0)
    shown = reverse("calendar:occurrence", args=[one.pk])
    planning, script = reverse("formats:plan", args=[one.pk]), reverse("formats:script", args=[one.pk])
    client.force_login(MemberFactory(time_zone="America/New_York"))
    assert "How it goes" not in client.get(shown).content.decode()
    assert client.get(planning).status_code == 403
    assert client.post(planning, {"follows": "open-sharing"}).status_code == 403
    client.force_login(by)
    assert client.get(script).status_code == 404
    assert client.post(planning, {"follows": "no-such-format"}).status_code == 422
    assert client.post(planning, {"follows": "open-sharing"}).status_code == 302
    assert "Good evening, and welcome" in client.get(script).content.decode()
    client.force_login(MemberFactory(time_zone="America/New_York"))
    outline = client.get(shown).content.decode()
    assert "<li>Sharing<time>7:15 pm</time></li>" in outline
    assert "Good evening, and welcome" not in outline
    assert client.get(script).status_code == 403


def test_a_plan_keeps_the_version_that_was_chosen(client: Client) -> None:
    by = facilitator()
    one = nth(make_event(by=by), 0)
    kept = copied(client, by)
    planning = reverse("formats:plan", args=[one.pk])
    client.post(planning, {"follows": kept.slug})
    client.post(page("change", kept.slug), sent(kept, **{"step-0-title": "Hello"}))
    assert Plan.objects.get().version.number == 1
    client.post(planning, {"follows": kept.slug})
    assert Plan.objects.get().version.number == 2
    client.post(planning, {"follows": ""})
    assert not Plan.objects.exists()

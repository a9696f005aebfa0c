"""What a steward sets: read everywhere, changed in one place, recorded; texts in versions, and who agreed to which."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from community import text
from community.house import access, actions
from community.house.models import House, HouseText
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from tests.factories import MemberFactory

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def facts(verb: Verb) -> list[dict[str, object]]:
    return [json.loads(row.facts) for row in AuditEntry.objects.filter(verb=verb.value).order_by("seq")]


@pytest.mark.django_db
def test_a_change_is_read_at_once_and_recorded_by_the_names_of_its_fields(
    client: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    assert b"<span>Porchlight</span>" in client.get("/accounts/login/").content
    changes = {"name": "The Landing", "invitation_days": 7, "newcomer_days": access.house().newcomer_days}
    with django_capture_on_commit_callbacks(execute=True):
        actions.change_house(changes=changes, by_id=None, at=NOW)
    assert access.house().invitation_days == 7
    assert b"<span>The Landing</span>" in client.get("/accounts/login/").content
    assert facts(Verb.HOUSE_CHANGED) == [{"fields": ["invitation_days", "name"]}]


@pytest.mark.django_db
def test_what_is_the_same_already_is_no_change() -> None:
    actions.change_house(changes={"name": "Porchlight"}, by_id=None, at=NOW)
    assert facts(Verb.HOUSE_CHANGED) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value"), [("recovery_wait_hours", 1), ("door_light", "red"), ("sign_up", "open"), ("name", "")]
)
def test_a_value_out_of_bounds_is_refused_by_its_field(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        actions.change_house(changes={field: value}, by_id=None, at=NOW)
    assert list(refused.value.message_dict) == [field]
    assert not House.objects.exists()


@pytest.mark.django_db
def test_texts_count_their_versions_and_a_consent_is_to_one_of_them() -> None:
    rules = HouseText.Kind.RULES
    assert access.current_text(rules) is None
    first = actions.publish_text(kind=rules, raw="# Be kind\n\nListen.", by_id=None, at=NOW)
    assert (first.version, first.html) == (1, "<h3>Be kind</h3>\n<p>Listen.</p>\n")
    member = MemberFactory()
    consent = actions.agree(member_id=member.pk, agreed=first, at=NOW)
    assert actions.agree(member_id=member.pk, agreed=first, at=NOW) == consent
    second = actions.publish_text(kind=rules, raw="Be kinder.", by_id=None, at=NOW)
    assert access.current_text(rules) == second
    assert access.agreed_to(member.pk, rules) == 1
    assert access.agreed_to(member.pk, HouseText.Kind.PRIVACY) == 0
    assert [entry["version"] for entry in facts(Verb.HOUSE_TEXT_PUBLISHED)] == [1, 2]
    assert "kinder" not in json.dumps(facts(Verb.HOUSE_TEXT_PUBLISHED))


def test_a_page_of_the_house_is_safe_whatever_stands_in_it() -> None:
    html = text.render_page(
        '<script>alert(1)</script>\n\n[go](javascript:1) [there](https://example.org "x") ![p](https://example.org/p.png)'
    )
    assert "<script" not in html
    assert "javascript:" not in html.split("href=")[-1]
    assert "<img" not in html
    assert '<a href="https://example.org" rel="nofollow ugc noopener noreferrer">there</a>' in html
    with pytest.raises(text.TooLong):
        text.render_page("a" * 20_001)

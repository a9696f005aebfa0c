"""The steward's pages about the house: its texts, its name and colours, its settings. Each change is on record."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from community.house import access
from community.house.models import House, HouseText
from community.members.models import Member
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from tests.community.test_house_look import picture
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db
RULES = HouseText.Kind.RULES
PAGES = ["texts/", "texts/rules/", "look/", "look/samples.css", "settings/"]


@pytest.fixture
def steward() -> Client:
    return signed_in(MemberFactory(role=Member.Role.STEWARD))


def signed_in(member: Member) -> Client:
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    return client


def facts(verb: Verb) -> list[Any]:
    return [json.loads(row.facts) for row in AuditEntry.objects.filter(verb=verb.value).order_by("seq")]


@pytest.mark.parametrize("page", PAGES)
def test_only_stewards_know_of_these_pages(page: str, steward: Client) -> None:
    assert steward.get(f"/desk/{page}").status_code == HTTPStatus.OK
    for role in (Member.Role.ALUMNUS, Member.Role.CLINICIAN, Member.Role.FAMILY):
        assert signed_in(MemberFactory(role=role)).get(f"/desk/{page}").status_code == HTTPStatus.NOT_FOUND
    assert Client().get(f"/desk/{page}").status_code == HTTPStatus.FOUND


def test_nothing_is_changed_by_someone_who_is_no_steward() -> None:
    client = signed_in(MemberFactory())
    for page in ("texts/rules/", "look/", "look/logo/", "settings/"):
        assert client.post(f"/desk/{page}", {"name": "Mine"}).status_code == HTTPStatus.NOT_FOUND
    assert not House.objects.exists()


# --- texts -----------------------------------------------------------------------------------------------------------


def test_a_text_is_previewed_without_being_published_and_then_published(steward: Client) -> None:
    words = {"raw": "# Be kind\n\nListen <script>.", "note": "The first.", "after": "0"}
    shown = steward.post("/desk/texts/rules/", words | {"preview": ""}).text
    assert "<h3>Be kind</h3>\n<p>Listen &lt;script&gt;.</p>" in shown
    assert not HouseText.objects.filter(note="The first.").exists()
    answer = steward.post("/desk/texts/rules/", words | {"publish": ""}, follow=True)
    assert "Version 1 stands now" in answer.text
    assert facts(Verb.HOUSE_TEXT_PUBLISHED)[-1]["version"] == 1
    assert "Be kind" not in json.dumps(facts(Verb.HOUSE_TEXT_PUBLISHED))
    shown = steward.post(
        "/desk/texts/rules/", words | {"raw": "# Be kind\n\nListen well.", "after": "1"}
    ).text
    assert "<ins>" in shown.replace('<ins><span class="vh">Added: </span>', "<ins>")
    assert "Version 1" in shown


def test_two_stewards_never_overwrite_each_other_unseen(steward: Client) -> None:
    words = {"raw": "One.", "note": "Mine.", "after": "0", "publish": ""}
    steward.post("/desk/texts/privacy/", words)
    late = steward.post("/desk/texts/privacy/", words | {"raw": "Other."})
    assert late.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Version 1 was published while you wrote" in late.text
    assert "Other." in late.text
    assert 'name="after" value="1"' in late.text
    again = steward.post("/desk/texts/privacy/", words | {"raw": "Other.", "after": "1"})
    assert again.status_code == HTTPStatus.FOUND


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ({"raw": " \n "}, "Write something first."),
        ({"raw": "a" * 20_001}, "20,000 characters"),
        ({"raw": "[a](https://a.example) " * 31}, "may have 30"),
        ({"raw": "One.", "note": ""}, "This field is required."),
    ],
)
def test_what_cant_be_published_is_said_at_its_field(
    words: dict[str, str], complaint: str, steward: Client
) -> None:
    answer = steward.post("/desk/texts/rules/", {"note": "x", "after": "0", "publish": ""} | words)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert complaint in answer.text


# --- name, colours, logo ---------------------------------------------------------------------------------------------


def test_name_and_colours_hold_at_once_on_every_page(
    steward: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    chosen = {"name": "The Landing", "door_light": "0B4F8A", "door_dark": "#a9d0f5"}
    shown = steward.post("/desk/look/", chosen | {"preview": ""}).text
    assert "/desk/look/samples.css?day=%230b4f8a&amp;night=%23a9d0f5" in shown
    assert not House.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        steward.post("/desk/look/", chosen | {"save": ""})
    page = Client().get("/accounts/login/").text
    assert "<span>The Landing</span>" in page
    assert "/house/theme.css?v=" in page
    assert facts(Verb.HOUSE_CHANGED) == [{"fields": ["door_dark", "door_light", "name"]}]


def test_a_colour_that_cant_be_read_is_refused_with_its_contrast(steward: Client) -> None:
    for button in ("preview", "save"):
        answer = steward.post("/desk/look/", {"name": "Here", "door_light": "#6fa8dc", button: ""})
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "must be 4.5 to 1" in answer.text
    assert not House.objects.exists()
    wrong = steward.post("/desk/look/", {"name": "Here", "door_light": "blue", "save": ""})
    assert "# and six digits" in wrong.text


def test_the_samples_take_colours_only(steward: Client) -> None:
    sheet = steward.get("/desk/look/samples.css", {"day": "#0b4f8a", "night": "red;} body{display:none"}).text
    assert "--door:#0b4f8a" in sheet
    assert "--door:#9ccdb8" in sheet
    assert "display" not in sheet


def test_a_logo_is_taken_and_given_up_again(
    steward: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    file = SimpleUploadedFile("logo.svg", picture(48, 40, (b"tEXt", b"where")), content_type="image/svg+xml")
    with django_capture_on_commit_callbacks(execute=True):
        steward.post("/desk/look/logo/", {"logo": file})
    assert Client().get("/house/logo").content == picture(48, 40)
    with django_capture_on_commit_callbacks(execute=True):
        steward.post("/desk/look/logo/", {"remove": ""})
    assert Client().get("/house/logo").status_code == HTTPStatus.NOT_FOUND
    assert facts(Verb.HOUSE_CHANGED) == [{"fields": ["logo", "logo_type"]}] * 2


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"<svg/>", "not a PNG"), (b"", "empty"), (picture() + b"\0" * 70_000, "68 kB")],
)
def test_what_is_no_small_png_is_refused(content: bytes, complaint: str, steward: Client) -> None:
    answer = steward.post("/desk/look/logo/", {"logo": SimpleUploadedFile("logo.png", content)})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert complaint in answer.text


# --- settings --------------------------------------------------------------------------------------------------------


SET = {
    "sign_up": "invitation", "invitation_days": "7", "newcomer_days": "14",
    "second_factor_for": ["steward", "clinician"],
    "idle_days": "30", "absolute_days": "90", "staff_idle_hours": "12", "staff_absolute_hours": "168",
    "recovery_wait_hours": "72", "handle_pause_days": "30", "handle_held_days": "180", "attendance_percent": "80",
}  # fmt: skip


def test_settings_hold_at_once_and_are_on_record_by_the_names_of_their_fields(
    steward: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        steward.post("/desk/settings/", SET)
    assert (access.house().invitation_days, access.house().second_factor_for) == (7, ["steward", "clinician"])
    assert facts(Verb.HOUSE_CHANGED) == [{"fields": ["invitation_days", "second_factor_for"]}]
    steward.post("/desk/settings/", SET)
    assert len(facts(Verb.HOUSE_CHANGED)) == 1
    page = steward.get("/desk/settings/").text
    assert 'value="7" min="1" max="90"' in page.replace('required id="id_invitation_days"', "").replace(
        "  ", " "
    )


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("recovery_wait_hours", "1", "greater than or equal to 24"),
        ("invitation_days", "91", "less than or equal to 90"),
        ("idle_days", "100", "longer than the longest sign-in"),
        ("second_factor_for", ["family"], "not one of the available choices"),
        ("sign_up", "open", "not one of the available choices"),
        ("newcomer_days", "soon", "Enter a whole number."),
    ],
)
def test_a_value_out_of_bounds_is_refused_at_its_field(
    field: str, value: Any, complaint: str, steward: Client
) -> None:
    answer = steward.post("/desk/settings/", SET | {field: value})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert complaint in answer.text
    assert not House.objects.exists()


def test_every_field_of_the_house_can_be_set_on_the_desk() -> None:
    from community.desk.house_forms import LookForm, SettingsForm

    fields = {field.name for field in House._meta.get_fields()}
    assert fields == {"id", "changed_at", "logo", "logo_type", *LookForm.names, *SettingsForm.names}

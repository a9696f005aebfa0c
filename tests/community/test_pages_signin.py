"""Signing in and out: nothing said of who is here, and nothing left standing."""

from __future__ import annotations

import re
from http import HTTPStatus

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from community.live import eviction
from community.members.models import Member
from community.members.signin.models import SignIn
from tests.factories import PASSWORD, MemberFactory
from tests.letters import letters

pytestmark = pytest.mark.django_db
BETTER = "a porch swing in the rain"


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    cache.clear()


def sign_in(member: Member, password: str = PASSWORD, **more: str) -> Client:
    client = Client()
    client.page = client.post(  # type: ignore[attr-defined]
        "/accounts/login/", {"login": member.email, "password": password, **more}
    )
    return client


def test_the_right_password_opens_the_door() -> None:
    client = sign_in(MemberFactory())
    assert client.page["Location"] == "/"  # type: ignore[attr-defined]
    assert client.get("/").status_code == HTTPStatus.OK


def test_a_wrong_password_and_an_unknown_address_read_the_same() -> None:
    known, unknown = (
        MemberFactory(email="known@porch.example"),
        MemberFactory.build(email="other@porch.example"),
    )
    pages = [sign_in(member, "wrong").page.text for member in (known, unknown)]  # type: ignore[attr-defined]
    for page in pages:
        assert "That e-mail and password don’t go together." in page
        assert 'id="id_password_error"' in page
    hide = re.compile(r'name="csrfmiddlewaretoken" value="\w+"|(known|other)@porch\.example')
    assert hide.sub("", pages[0]) == hide.sub("", pages[1])
    assert "known@porch.example" in pages[0]


def test_someone_inactive_is_told_without_a_reason() -> None:
    client = sign_in(MemberFactory(is_active=False))
    assert client.page["Location"] == "/accounts/inactive/"  # type: ignore[attr-defined]
    assert client.get("/").status_code == HTTPStatus.FOUND


def test_a_phone_of_ones_own_remembers_and_a_shared_one_forgets() -> None:
    own, shared = sign_in(MemberFactory()), sign_in(MemberFactory(), shared="on")
    assert own.cookies["sessionid"]["max-age"]
    assert shared.cookies["sessionid"]["max-age"] == ""
    assert "data-shared" not in own.get("/").text
    assert "data-shared" in shared.get("/").text


def test_signing_out_takes_a_post_and_ends_what_stands_open(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[eviction.Eviction] = []
    monkeypatch.setattr(eviction, "_listeners", [heard.append])
    client = sign_in(MemberFactory())
    key = client.session.session_key
    client.get("/accounts/logout/")
    assert client.get("/").status_code == HTTPStatus.OK
    with django_capture_on_commit_callbacks(execute=True):
        page = client.post("/accounts/logout/")
    assert page["Clear-Site-Data"] == '"storage"'
    assert [one.session_key for one in heard] == [key]
    assert not SignIn.objects.filter(session_key=key).exists()
    assert client.get("/").status_code == HTTPStatus.FOUND


def test_a_new_password_ends_every_other_sign_in_and_keeps_this_one(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[eviction.Eviction] = []
    monkeypatch.setattr(eviction, "_listeners", [heard.append])
    member, bystander = MemberFactory(), sign_in(MemberFactory())
    here, elsewhere = sign_in(member), sign_in(member)
    assert elsewhere.get("/").status_code == HTTPStatus.OK
    form = {"oldpassword": PASSWORD, "password1": BETTER, "password2": BETTER}
    with django_capture_on_commit_callbacks(execute=True):
        assert here.post("/accounts/password/change/", form)["Location"] == "/you/signing-in/"
    assert elsewhere.get("/").status_code == HTTPStatus.FOUND
    assert not SignIn.objects.filter(session_key=elsewhere.cookies["sessionid"].value).exists()
    assert here.get("/").status_code == HTTPStatus.OK
    assert bystander.get("/").status_code == HTTPStatus.OK
    assert [(one.member_id, one.code) for one in heard] == [(member.pk, "auth"), (None, "restart")]


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"oldpassword": "wrong", "password1": BETTER, "password2": BETTER}, "oldpassword"),
        ({"oldpassword": PASSWORD, "password1": "short", "password2": "short"}, "password1"),
        ({"oldpassword": PASSWORD, "password1": BETTER, "password2": "another porch swing"}, "password2"),
    ],
)
def test_what_is_wrong_with_a_new_password_stands_at_its_field(form: dict[str, str], field: str) -> None:
    page = sign_in(MemberFactory()).post("/accounts/password/change/", form)
    assert f'id="id_{field}_error"' in page.text


def test_the_link_for_a_new_password_works_once_and_its_mail_tells_nothing() -> None:
    member, client = MemberFactory(), Client()
    elsewhere = sign_in(member)
    client.post("/accounts/password/reset/", {"email": member.email})
    (message,) = letters()
    assert message.subject == "What you asked for"
    assert not re.search(
        r"recover|addict|sober|alumn|treatment|group|porchlight", str(message.body), re.IGNORECASE
    )
    link = re.search(r"https?://[^/\s]+(/\S+)", str(message.body))
    assert link
    form = client.get(link[1], follow=True)
    address = form.redirect_chain[-1][0]
    done = client.post(address, {"password1": BETTER, "password2": BETTER}, follow=True)
    assert "That is done" in done.text
    assert elsewhere.get("/").status_code == HTTPStatus.FOUND
    assert sign_in(member, BETTER).get("/").status_code == HTTPStatus.OK
    assert "This link has been used" in Client().get(link[1], follow=True).text


def test_asking_for_a_link_answers_alike_for_known_and_unknown_addresses() -> None:
    member = MemberFactory()
    pages = [
        Client().post("/accounts/password/reset/", {"email": address}, follow=True)
        for address in (member.email, "nobody@porch.example")
    ]
    assert pages[0].redirect_chain == pages[1].redirect_chain
    assert "a link is on its way" in pages[0].text
    assert pages[0].text == pages[1].text
    assert [message.subject for message in letters()] == ["What you asked for"] * 2


def test_nobody_signs_up_by_a_form() -> None:
    page = Client().post("/accounts/signup/", {"email": "new@porch.example", "password1": BETTER})
    assert "People come in here by invitation" in page.text
    assert not Member.objects.exists()

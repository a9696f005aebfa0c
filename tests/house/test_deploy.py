"""Production's shape starts and serves; the recipe for restoring a backup does what it says."""

from __future__ import annotations

import re
import urllib.error
import urllib.request

import pytest
from django.conf import settings
from django.db import connection

from community.live.models import Log
from tests import services
from tests.conftest import MakeSite
from tests.factories import LogFactory

HOST = "porch.example.org"
PRODUCTION = {
    "PORCHLIGHT_MODE": "production",
    "PORCHLIGHT_SECRET_KEY": "a key that only this test knows, and long enough for anyone",
    "PORCHLIGHT_HOSTS": HOST,
    "PORCHLIGHT_BEHIND_PROXY": "true",
}
BEHIND_TLS = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}


@pytest.mark.skipif(
    services.chosen() == "sqlite", reason="production refuses SQLite: see the run on PostgreSQL"
)
def test_productions_shape_serves_its_own_host_behind_a_proxy(make_site: MakeSite) -> None:
    site = make_site(seeded=False, **PRODUCTION)
    address = f"http://127.0.0.1:{site.port}/accounts/login/"
    with urllib.request.urlopen(urllib.request.Request(address, headers=BEHIND_TLS), timeout=20) as answer:
        page = answer.read().decode()
        assert answer.status == 200
        assert "max-age" in answer.headers["Strict-Transport-Security"]
        assert "secure" in answer.headers["Set-Cookie"].lower()
    sheet = re.search(r'href="(/static/css/tokens\.[0-9a-f]+\.css)"', page)
    assert sheet, "static files are not served under hashed names"
    stranger = urllib.request.Request(address, headers=BEHIND_TLS | {"Host": "elsewhere.example.org"})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(stranger, timeout=20)


@pytest.mark.django_db
def test_the_recipe_after_a_restore_gives_every_log_a_new_epoch() -> None:
    recipe = (settings.BASE_DIR / "deploy" / "backup.md").read_text()
    statements = re.findall(r'"(UPDATE live_log [^"]+)"', recipe)
    (statement,) = [text for text in statements if ("randomblob" in text) == (connection.vendor == "sqlite")]
    LogFactory.create_batch(3)
    before = set(Log.objects.values_list("epoch", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(statement)
    after = set(Log.objects.values_list("epoch", flat=True))
    assert len(after) == 3
    assert not before & after

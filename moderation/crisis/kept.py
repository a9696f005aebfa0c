"""What the service worker keeps on the phone, so that help opens without a connection: nothing personal."""

from __future__ import annotations

import functools
import hashlib
import json

from django.conf import settings
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse

from community.house.access import house
from community.house.models import House
from moderation.crisis.access import countries_now, country_for

FILES = ("css/tokens.css", "css/components.css", "js/site.js", "js/quick-exit.js", "lamp.svg")


def help_page(code: str) -> str:
    """The help page of one country, as someone signed out sees it."""
    chosen, country = country_for(code)
    page = {"code": chosen, "country": country, "countries": all_countries(), "house": house()}
    return render_to_string("help/help.html", page)


def all_countries() -> list[tuple[str, str]]:
    known = countries_now()
    return sorted(((code, country.name) for code, country in known.items()), key=lambda pair: pair[1])


def service_worker() -> str:
    """The worker's source; its version changes when a page or a file that it keeps does."""
    codes = [code for code, _ in all_countries()]
    return worker_for(tuple(codes), tuple(help_page(code) for code in codes), looks_of(house()))


def looks_of(house: House) -> tuple[str, ...]:
    """The addresses of the house's own colours and logo."""
    theme = (f"{reverse('house:theme')}?v={house.theme}",) if house.theme else ()
    return (*theme, f"{reverse('house:logo')}?v={house.logo_version}") if house.logo_version else theme


@functools.lru_cache(maxsize=2)
def worker_for(codes: tuple[str, ...], shown: tuple[str, ...], looks: tuple[str, ...]) -> str:
    help_url = reverse("crisis:help")
    pages = [help_url, *(f"{help_url}?country={code}" for code in codes), reverse("crisis:offline")]
    files = [*(static(name) for name in FILES), *looks]
    digest = hashlib.sha256(json.dumps([pages, files]).encode())
    for page in shown:
        digest.update(page.encode())
    digest.update(render_to_string("help/offline.html").encode())
    return render_to_string(
        "help/sw.js",
        {
            "kept": json.dumps(pages + files),
            "version": json.dumps(digest.hexdigest()[:16]),
            "exit_url": json.dumps(settings.PORCHLIGHT_EXIT_URL),
        },
    )

"""What the service worker keeps on the phone, so that help opens without a connection: nothing personal."""

from __future__ import annotations

import functools
import hashlib
import json

from django.conf import settings
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse

from moderation.crisis.lines import countries, country_for

FILES = ("css/tokens.css", "css/components.css", "js/site.js", "js/quick-exit.js", "lamp.svg")


def help_page(code: str) -> str:
    """The help page of one country, as someone signed out sees it."""
    chosen, country = country_for(code)
    return render_to_string(
        "help/help.html", {"code": chosen, "country": country, "countries": all_countries()}
    )


def all_countries() -> list[tuple[str, str]]:
    known = countries(settings.PORCHLIGHT_HELP_LINES)
    return sorted(((code, country.name) for code, country in known.items()), key=lambda pair: pair[1])


@functools.lru_cache(maxsize=1)
def service_worker() -> str:
    """The worker's source; its version changes when a page or a file that it keeps does."""
    help_url = reverse("crisis:help")
    codes = [code for code, _ in all_countries()]
    pages = [help_url, *(f"{help_url}?country={code}" for code in codes), reverse("crisis:offline")]
    files = [static(name) for name in FILES]
    digest = hashlib.sha256(json.dumps([pages, files]).encode())
    for code in codes:
        digest.update(help_page(code).encode())
    digest.update(render_to_string("help/offline.html").encode())
    return render_to_string(
        "help/sw.js",
        {
            "kept": json.dumps(pages + files),
            "version": json.dumps(digest.hexdigest()[:16]),
            "exit_url": json.dumps(settings.PORCHLIGHT_EXIT_URL),
        },
    )

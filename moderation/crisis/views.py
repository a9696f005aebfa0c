"""Help now, quick exit, and what works without a connection. All of it signed out as well as signed in."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import logout
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from moderation.crisis import kept
from moderation.crisis.access import country_for

# Not "cookies": browsers clear those of every site under the same registered domain. Ours are deleted by name.
# Not "cache": personal pages are never stored, and clearing the rest can hold the way out up for seconds.
CLEARED = '"storage"'
# What a browser says of a request that came from our own page, or was typed or bookmarked.
OUR_OWN = {"", "same-origin", "none"}


@require_safe
def help_now(request: HttpRequest) -> HttpResponse:
    code, country = country_for(request.GET.get("country", ""))
    return render(
        request, "help/help.html", {"code": code, "country": country, "countries": kept.all_countries()}
    )


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def quick_exit(request: HttpRequest) -> HttpResponse:
    """Leave at once: sign out, clear what can be cleared, go somewhere plain. A GET on purpose, see docs/decisions."""
    if "prefetch" in request.headers.get("Sec-Purpose", "") or request.method == "HEAD":
        return HttpResponse(status=204)
    response = HttpResponseRedirect(settings.PORCHLIGHT_EXIT_URL)
    response["Referrer-Policy"] = "no-referrer"
    if request.headers.get("Sec-Fetch-Site", "") not in OUR_OWN:
        return response
    try:
        logout(request)
    except DatabaseError:
        pass  # The cookie goes all the same, and nobody waits here for a database.
    response["Clear-Site-Data"] = CLEARED
    for cookie in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME):
        response.delete_cookie(cookie, samesite="Lax")
    return response


@require_safe
def about_exit(request: HttpRequest) -> HttpResponse:
    return render(request, "help/about_exit.html")


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    return render(request, "help/offline.html")


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(kept.service_worker(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "max-age=3600"
    return response

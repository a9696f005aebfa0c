"""The pages about the house itself."""

from django.urls import path

from community.desk.views import health, house_lines, house_look, house_settings, house_texts
from community.house import urls  # noqa: F401 - registers the converter of texts

urlpatterns = [
    path("texts/", house_texts.texts, name="texts"),
    path("texts/<housetext:kind>/", house_texts.text, name="text"),
    path("look/", house_look.look, name="look"),
    path("look/samples.css", house_look.samples, name="samples"),
    path("look/logo/", house_look.logo, name="logo"),
    path("help-lines/", house_lines.lines, name="lines"),
    path("help-lines/<str:country>/new/", house_lines.new_line, name="new-line"),
    path("help-lines/<str:country>/check/", house_lines.check, name="lines-check"),
    path("help-lines/<str:country>/<slug:key>/", house_lines.line, name="line"),
    path("help-lines/<str:country>/<slug:key>/act/", house_lines.act, name="line-act"),
    path("health/", health.health, name="health"),
    path("settings/", house_settings.settings, name="settings"),
]

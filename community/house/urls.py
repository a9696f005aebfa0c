from django.urls import path, register_converter

from community.house import views
from community.house.models import HouseText

app_name = "house"


class Kind:
    """A kind of text, by its word in the address."""

    regex = "|".join(HouseText.Kind.values)

    def to_python(self, value: str) -> HouseText.Kind:
        return HouseText.Kind(value)

    def to_url(self, value: HouseText.Kind | str) -> str:
        return str(value)


register_converter(Kind, "housetext")

urlpatterns = [
    path("theme.css", views.theme, name="theme"),
    path("logo", views.logo, name="logo"),
    path("<housetext:kind>/", views.text, name="text"),
    path("<housetext:kind>/changes/<int:version>/", views.changes, name="changes"),
    path("<housetext:kind>/agreement/", views.agreement, name="agreement"),
]

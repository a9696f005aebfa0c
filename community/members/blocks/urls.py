from django.urls import path

from community.members.blocks import views

app_name = "blocks"
urlpatterns = [
    path("", views.all_blocks, name="all"),
    path("<slug:public_id>/", views.person, name="person"),
    path("<slug:public_id>/end/", views.end, name="end"),
]

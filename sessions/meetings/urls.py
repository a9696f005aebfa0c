from django.urls import path

from sessions.meetings import views

app_name = "meetings"

urlpatterns = [
    path("<int:pk>/", views.door, name="door"),
    path("<int:pk>/door/part/", views.door_part, name="door_part"),
    path("<int:pk>/enter/", views.enter, name="enter"),
    path("<int:pk>/step-in/", views.step_in, name="step_in"),
    path("<int:pk>/help/", views.help_page, name="help"),
    path("<int:pk>/help/part/", views.help_part, name="help_part"),
    path("<int:pk>/doorway/", views.doorway, name="doorway"),
    path("<int:pk>/chair/", views.chair, name="chair"),
    path("<int:pk>/chair/part/", views.chair_part, name="chair_part"),
    path("<int:pk>/chair/admit/", views.admit, name="admit"),
    path("<int:pk>/chair/turn-away/", views.turn_away, name="turn_away"),
    path("<int:pk>/chair/ask-back/", views.ask_back, name="ask_back"),
    path("<int:pk>/chair/answer/", views.answer, name="answer"),
    path("<int:pk>/chair/step/", views.step, name="step"),
    path("<int:pk>/chair/allow/", views.allow, name="allow"),
    path("<int:pk>/chair/hand-over/", views.hand_over, name="hand_over"),
    path("<int:pk>/chair/take/", views.take_chair, name="take_chair"),
    path("<int:pk>/chair/close/", views.close, name="close"),
]

from django.urls import path

from community.invitations.views import desk, join, uploads, welcome

app_name = "invitations"

urlpatterns = [
    path("join/ask/", join.ask, name="ask"),
    path("join/asked/", join.asked, name="asked"),
    path("join/account/", join.account, name="account"),
    path("join/code/", join.code, name="code"),
    path("join/code/again/", join.code_again, name="code_again"),
    path("join/<str:token>/", join.invitation, name="join"),
    path("welcome/", welcome.welcome, name="welcome"),
    path("welcome/handle/", welcome.handle, name="handle"),
    path("welcome/rules/", welcome.rules, name="rules"),
    path("welcome/joining/", welcome.groups, name="groups"),
    path("welcome/hello/", welcome.hello, name="hello"),
    path("desk/invitations/", desk.invitations, name="desk"),
    path("desk/invitations/new/", desk.by_mail, name="by_mail"),
    path("desk/invitations/links/new/", desk.by_link, name="by_link"),
    path("desk/invitations/files/new/", uploads.new, name="upload"),
    path("desk/invitations/files/<int:pk>/", uploads.upload, name="uploaded"),
    path("desk/invitations/files/<int:pk>/confirmation/", uploads.confirmation, name="confirmation"),
    path("desk/invitations/files/<int:pk>/result.csv", uploads.result, name="result"),
    path("desk/invitations/asking/", desk.sign_ups, name="sign_ups"),
    path("desk/invitations/asking/<int:pk>/", desk.sign_up, name="sign_up"),
    path("desk/invitations/<int:pk>/", desk.invitation, name="invitation"),
    path("desk/invitations/<int:pk>/card/", desk.card, name="card"),
    path("desk/invitations/<int:pk>/renewal/", desk.renewal, name="renewal"),
    path("desk/invitations/<int:pk>/revocation/", desk.revocation, name="revocation"),
]

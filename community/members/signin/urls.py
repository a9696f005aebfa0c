"""The pages of allauth that exist here, and our own; sign-up is by invitation, so its page only says so."""

from __future__ import annotations

from allauth.account import views
from allauth.mfa.base import views as second
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.webauthn import views as webauthn
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from community.members.signin import desk, doors, lost
from community.members.signin import views as own

to_overview = RedirectView.as_view(pattern_name="signin:overview")

# With a namespace of their own; allauth looks its pages up by its own names.
own_patterns = [
    path("you/signing-in/", own.overview, name="overview"),
    path("you/signing-in/second-step/", own.second_factor, name="second_factor"),
    path("you/sign-ins/", own.sign_ins, name="sign_ins"),
    path("you/sign-ins/others/end/", own.end_others, name="end_others"),
    path("you/sign-ins/<slug:ref>/end/", own.end_one, name="end_one"),
    path("you/signing-in/recovery/stop/", own.stop_recovery, name="stop_own_recovery"),
    path("accounts/lost/", lost.lost, name="lost"),
    path("accounts/lost/said/", lost.lost_done, name="lost_done"),
    path("accounts/back-in/", lost.recovery_code, name="recovery_code"),
    path("accounts/back-in/stop/<str:token>/", lost.stop, name="stop_recovery"),
    path("accounts/back-in/<slug:code>/", lost.open_link, name="recovery"),
]

desk_patterns = [
    path("", desk.recoveries, name="desk"),
    path("calls/<int:pk>/aside/", desk.put_aside, name="put_aside"),
    path("<int:pk>/stop/", desk.stop, name="stop"),
    path("<int:pk>/resend/", desk.resend, name="resend"),
]

account_patterns = [
    path("login/", views.login, name="account_login"),
    path("login/code/", doors.AskForCode.as_view(), name="account_request_login_code"),
    path("login/code/confirm/", doors.ConfirmCode.as_view(), name="account_confirm_login_code"),
    path("logout/", doors.SignOut.as_view(), name="account_logout"),
    path("signup/", views.signup, name="account_signup"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", doors.ChangePassword.as_view(), name="account_change_password"),
    path("password/set/", doors.SetPassword.as_view(), name="account_set_password"),
    path("password/reset/", views.password_reset, name="account_reset_password"),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("second/", doors.SecondFactor.as_view(), name="mfa_authenticate"),
    path("second/again/", second.reauthenticate, name="mfa_reauthenticate"),
    path("second/list/", to_overview, name="mfa_index"),
    path("app/add/", doors.AddApp.as_view(), name="mfa_activate_totp"),
    path("app/remove/", doors.RemoveApp.as_view(), name="mfa_deactivate_totp"),
    path("recovery-codes/", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("recovery-codes/new/", recovery_codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("recovery-codes/file/", recovery_codes.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("passkeys/", to_overview, name="mfa_list_webauthn"),
    path("passkeys/add/", doors.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path("passkeys/login/", doors.PasskeySignIn.as_view(), name="mfa_login_webauthn"),
    path("passkeys/again/", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("passkeys/<int:pk>/name/", doors.RenamePasskey.as_view(), name="mfa_edit_webauthn"),
    path("passkeys/<int:pk>/remove/", doors.RemovePasskey.as_view(), name="mfa_remove_webauthn"),
]

urlpatterns = [
    path("", include((own_patterns, "signin"))),
    path("accounts/", include(account_patterns)),
    path("desk/recoveries/", include((desk_patterns, "recoveries"))),
]

"""allauth's views where this house asks for more, or words it otherwise."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account import views as account
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.logout import logout
from allauth.account.internal.flows.reauthentication import (
    get_reauthentication_flows,
    raise_if_reauthentication_required,
)
from allauth.mfa.base import views as second
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.mfa.webauthn.internal import auth
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import urlencode

from community.members.signin import access
from community.members.signin.forms import ChangePasswordForm, remember

FRESH = timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)
OVERVIEW = reverse_lazy("signin:overview")


class SignOut(account.LogoutView):  # type: ignore[misc]
    """Also clears what this site keeps in the browser: unsent words belong to who wrote them."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post(*args, **kwargs)
        response["Clear-Site-Data"] = '"storage"'
        return response


class AskForCode(account.RequestLoginCodeView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        remember(self.request, shared=form.cleaned_data["shared"])
        response: HttpResponse = super().form_valid(form)
        return response


class ConfirmCode(account.ConfirmLoginCodeView):  # type: ignore[misc]
    def get_form_kwargs(self) -> dict[str, Any]:
        if self.stage.login.user is None:
            # allauth has just read the member who waits for this code: the same where nobody does.
            access.look_for_nobody()
        kwargs: dict[str, Any] = super().get_form_kwargs()
        return kwargs


class PasskeySignIn(webauthn.LoginWebAuthnView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        remember(self.request, shared="shared" in self.request.POST)
        response: HttpResponse = super().form_valid(form)
        return response


class ChangePassword(account.PasswordChangeView):  # type: ignore[misc]
    """With `?alone` for a password that must stand without a second factor."""

    def get_form(self, form_class: Any = None) -> ChangePasswordForm:
        form: ChangePasswordForm = super().get_form(form_class)
        if "alone" in self.request.GET:
            form.stand_alone()
        return form


class FreshSignIn:
    """Who has neither password nor factor can’t say once more who they are: they sign in anew, by a mailed code."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not get_reauthentication_flows(request.user):
            row = getattr(request.session, "row", None)
            if row is None or timezone.now() - row.started_at > FRESH:
                logout(request, show_message=False)
                messages.info(request, "What comes next changes how you sign in. Sign in once more first.")
                query = urlencode({"next": request.path})
                return redirect(f"{reverse('account_request_login_code')}?{query}")
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return response


@method_decorator(reauthentication_required(app="allauth.mfa"), name="dispatch")
class SetPasswordOnceProved(account.PasswordSetView):  # type: ignore[misc]
    """The first password of someone who came in without one: a new way in, so they prove first who they are."""


class SetPassword(FreshSignIn, SetPasswordOnceProved):
    pass


class AddPasskey(FreshSignIn, webauthn.AddWebAuthnView):  # type: ignore[misc]
    success_url = OVERVIEW

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["js_data"] = {"creation_options": auth.begin_registration(self.request.user, True)}
        return context

    def get_success_url(self) -> str:
        return reverse("mfa_view_recovery_codes") if self.did_generate_recovery_codes else str(OVERVIEW)


class RenamePasskey(webauthn.EditWebAuthnView):  # type: ignore[misc]
    success_url = OVERVIEW


class AddApp(FreshSignIn, totp.ActivateTOTPView):  # type: ignore[misc]
    def get_success_url(self) -> str:
        return reverse("mfa_view_recovery_codes") if self.did_generate_recovery_codes else str(OVERVIEW)


class LastFactor:
    """The last second factor goes only when the password can stand alone, and when none is asked of the member."""

    request: Any

    def in_the_way(self, request: HttpRequest) -> HttpResponse | None:
        member = request.user
        if not member.is_authenticated or access.second_factors_of(member).count() != 1:
            return None
        if access.is_asked_for_second_factor(member):
            messages.warning(
                request, "What you do here asks for a second step. Add another first, then remove this one."
            )
            return redirect("signin:overview")
        if access.has_short_password(member):
            raise_if_reauthentication_required(request, app="allauth.mfa")
            messages.warning(
                request,
                "Your password is too short to stand alone. Choose a longer one first, then come back to this.",
            )
            query = urlencode({"alone": "", "next": request.path})
            return redirect(f"{reverse('account_change_password')}?{query}")
        return None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = self.in_the_way(request) or super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return response


class RemovePasskey(LastFactor, webauthn.RemoveWebAuthnView):  # type: ignore[misc]
    success_url = OVERVIEW


class RemoveApp(LastFactor, totp.DeactivateTOTPView):  # type: ignore[misc]
    success_url = OVERVIEW


class SecondFactor(second.AuthenticateView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Which ways this person has, so that the page offers no other."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"ways": access.ways_of(self.stage.login.user)}

"""How an application's tokens are made, as its owners choose."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from provider_site.errors import ReviewConflict
from provider_site.models import Registration
from provider_site.policy import grants
from provider_site.portal.developer.overview import OverviewPage
from provider_site.portal.see_other import see_other
from provider_site.services import signing_choice, token_choices

_SUSPENDED = gettext_lazy("A suspended application can't be changed. Ask the people who run this site.")


class TokensForm(forms.Form):
    """Both choices; a machine that acts for itself has no ID tokens."""

    access_token_format = forms.ChoiceField(
        label=gettext_lazy("Access tokens"),
        widget=forms.RadioSelect,
        choices=[
            (Registration.AccessTokenFormat.OPAQUE, gettext_lazy("Opaque")),
            (Registration.AccessTokenFormat.JWT, gettext_lazy("JWT (RFC 9068)")),
        ],
    )
    id_token_alg = forms.ChoiceField(
        label=gettext_lazy("ID tokens are signed with"),
        help_text=gettext_lazy(
            "Safe to change at any time: the keys for all of these are published, and most libraries take the "
            "algorithm from the token. Make sure first that yours knows it, and accepts it if it is set to one."
        ),
    )

    def __init__(self, *args: Any, registration: Registration, **kwargs: Any) -> None:
        """Show what is in force."""
        names = ("access_token_format", "id_token_alg")
        kwargs["initial"] = {name: getattr(registration, name) for name in names}
        super().__init__(*args, **kwargs)
        if grants.signs_in(registration.application.authorization_grant_type):
            field: Any = self.fields["id_token_alg"]
            field.choices = signing_choice.algorithms(registration=registration)
        else:
            del self.fields["id_token_alg"]


class TokensView(OverviewPage):
    """Show the choices and take them; they are in force at once, without a review."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Show the form."""
        if self.is_suspended:
            return self.overview(request, problem=_SUSPENDED, status=409)
        return self._form_page(request, TokensForm(registration=self.registration))

    def post(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Save, and go back to the overview."""
        form = TokensForm(request.POST, registration=self.registration)
        if self.is_suspended:
            return self.overview(request, problem=_SUSPENDED, status=409)
        if not form.is_valid():
            return self._form_page(request, form, status=400)
        try:
            changed = token_choices.choose(
                application=self.application,
                id_token_alg=form.cleaned_data.get("id_token_alg", self.registration.id_token_alg),
                access_token_format=form.cleaned_data["access_token_format"],
                actor=request.user,
                request=request,
            )
        except ReviewConflict:
            return self.overview(request, problem=_SUSPENDED, status=409)
        except ValidationError as error:
            form.add_error(None, error.messages)
            return self._form_page(request, form, status=400)
        text = _("Saved. Tokens are made like this from now on; those there are stay as they are.")
        if not changed:
            text = _("You changed nothing, so everything stays as it was.")
        messages.success(request, text, fail_silently=True)
        return see_other(reverse("provider_site:developer-application", args=[self.application.pk]))

    def _form_page(self, request: HttpRequest, form: TokensForm, status: int = 200) -> HttpResponse:
        return self.page(request, "provider_site/developer/tokens.html", {"form": form}, status=status)

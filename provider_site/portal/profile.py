"""The person's nickname, avatar, and what more they tell of themselves."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.cache import never_cache

from provider_site.conf import provider_settings
from provider_site.models import Profile
from provider_site.portal.details_form import DetailsForm
from provider_site.portal.picture_answers import picture_answer
from provider_site.security_headers import protect
from provider_site.services import app_profiles, pictures, profile_details, profiles


class ProfileForm(DetailsForm):
    """Nickname, avatar and everything else as the person edits them."""

    nickname = forms.CharField(
        label=_("Nickname"),
        required=False,
        max_length=200,  # the service counts; this only bounds the work
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )
    avatar = forms.FileField(
        label=_("New avatar"),
        required=False,
        help_text=_("PNG, JPEG, WebP or GIF. We cut it square and keep only the picture itself."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
    )
    remove_avatar = forms.BooleanField(label=_("Remove my avatar"), required=False)

    def clean_nickname(self) -> str:
        """Refuse what the service would refuse, at its field."""
        return profiles.clean_nickname(self.cleaned_data["nickname"])

    def clean_avatar(self) -> bytes | None:
        """Refuse what can't be read, at its field; return the picture as it will be kept."""
        upload = self.cleaned_data.get("avatar")
        return pictures.reencode(upload) if upload is not None else None


@method_decorator(never_cache, name="dispatch")
class ProfileView(LoginRequiredMixin, View):
    """Show and change what applications see when the person allows it."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form."""
        profile = profiles.get_profile(user=request.user)
        initial = {name: getattr(profile, name) for name in ("nickname", *profile_details.NAMES)}
        return self._page(request, ProfileForm(initial=initial), profile)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Save everything or nothing."""
        form = ProfileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._page(request, form, profiles.get_profile(user=request.user), status=400)
        try:
            profile_details.set_profile(
                user=request.user,
                nickname=form.cleaned_data["nickname"],
                picture=form.cleaned_data["avatar"],
                remove_picture=form.cleaned_data["remove_avatar"],
                details=form.details(),
            )
        except ValidationError as error:
            form.add_error(None, error)
            return self._page(request, form, profiles.get_profile(user=request.user), status=400)
        messages.success(request, _("Saved."), fail_silently=True)  # a host may have no messages
        return redirect("provider_site:profile")

    def _page(self, request: HttpRequest, form: ProfileForm, profile: Profile, status: int = 200) -> HttpResponse:
        context = {"form": form, "profile": profile, "site_name": provider_settings.site_name}
        return protect(render(request, "provider_site/profile.html", context, status=status))


@method_decorator(login_not_required, name="dispatch")
class AvatarView(View):
    """Serve an avatar to whoever has its unguessable address: the ``picture`` claim."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, key: str) -> HttpResponseBase:
        """Answer with the picture, or 404 once it has been replaced."""
        picture = app_profiles.stored_avatar(key=key)
        if picture is None:
            raise Http404
        return picture_answer(picture)

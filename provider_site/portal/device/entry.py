"""The page at the verification URI: a person types what their device shows (RFC 8628 3.3)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from provider_site.conf import provider_settings
from provider_site.policy import user_codes
from provider_site.portal.see_other import see_other
from provider_site.security_headers import protect
from provider_site.services import audit, device_entries, device_requests

# Eight letters or digits of any script, whatever stands between them: what is meant is for the server to find out.
_PATTERN = r"[^\p{L}\p{N}]*([\p{L}\p{N}][^\p{L}\p{N}]*){8}"
_LONGEST = 100


class UserCodeForm(forms.Form):
    """One code, typed or pasted in whatever way."""

    user_code = forms.CharField(
        label=gettext_lazy("Code on your device"),
        help_text=gettext_lazy("Eight letters, such as WDJB-MJHT. Capitals, spaces and the hyphen do not matter."),
        error_messages={"required": gettext_lazy("Enter the code that your device shows.")},
        max_length=_LONGEST,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "autocorrect": "off",
                "spellcheck": "false",
                "inputmode": "text",
                "enterkeyhint": "go",
                "pattern": _PATTERN,
                "size": "12",
            }
        ),
    )


def page(request: HttpRequest, form: UserCodeForm, *, problem: str = "", status: int = 200) -> HttpResponse:
    """Return the page, with what is wrong told at its top where it is not about what was typed."""
    context: dict[str, Any] = {
        "form": form,
        "problem": problem,
        "came_with_code": not form.is_bound and bool(form.initial.get("user_code")),
        "site_name": provider_settings.site_name,
    }
    return protect(render(request, "provider_site/device/enter.html", context, status=status))


def over(request: HttpRequest) -> HttpResponse:
    """Return the page for somebody whose device's code was over, or used, before they had decided."""
    problem = _("The code on your device is over, or was used. Have the device show a new one, and enter that.")
    return page(request, UserCodeForm(), problem=problem, status=410)


@method_decorator([never_cache, sensitive_post_parameters("user_code")], name="dispatch")
class EnterCodeView(LoginRequiredMixin, View):
    """Ask for the code, and look it up: by a form alone, never by an address that somebody was sent."""

    http_method_names = ["get", "head", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form; a code in the address stands in it for the person to compare (RFC 8628 3.3.1)."""
        user_code = user_codes.read(request.GET.get("user_code", ""))
        return page(request, UserCodeForm(initial={"user_code": user_codes.display(user_code)} if user_code else {}))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Go on to the device of a right code. A wrong one, an old one and a used one are told apart to nobody."""
        form = UserCodeForm(request.POST)
        if not form.is_valid():
            return page(request, form, status=400)
        typed = form.cleaned_data["user_code"]
        entry = device_entries.enter(typed=typed, user=request.user, address=audit.address_of(request))
        if entry.device is not None:
            handle = device_requests.keep(device=entry.device, user=request.user, typed=typed)
            return see_other(reverse("provider_site:device-confirm", args=[handle]))
        if entry.wait:
            form.add_error("user_code", _too_many(entry.wait))
            response = page(request, form, status=429)
            response["Retry-After"] = str(entry.wait)
            return response
        form.add_error(
            "user_code",
            _("No device waits with this code. Look at what your device shows now: codes change after a while."),
        )
        return page(request, form, status=400)


def _too_many(wait: int) -> str:
    """Return what somebody is told who may not enter another code for so many seconds."""
    if wait <= 90:
        text = ngettext(
            "Too many codes were wrong. You can try again in %(number)s second.",
            "Too many codes were wrong. You can try again in %(number)s seconds.",
            wait,
        )
        return text % {"number": wait}
    minutes = -(-wait // 60)
    text = ngettext(
        "Too many codes were wrong. You can try again in %(number)s minute. Then have your device show a new code.",
        "Too many codes were wrong. You can try again in %(number)s minutes. Then have your device show a new code.",
        minutes,
    )
    return text % {"number": minutes}

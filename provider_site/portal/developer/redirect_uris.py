"""Redirect URIs checked while they are typed: whether one can be registered, why not, and what to write instead."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.decorators.cache import never_cache

from provider_site.policy import redirect
from provider_site.policy.redirect import Refusal
from provider_site.security_headers import protect
from provider_site.services import applications

MAX_LENGTH = 2000
_EXAMPLE = "https://app.example.com/callback"
_TOO_LONG = gettext_lazy("A redirect URI has at most %(limit)s characters.")
_LOCALHOST = gettext_lazy(
    "The name localhost works with exactly this port. Write 127.0.0.1 and any port will do, which programs on "
    "people's devices need."
)


def reason(uri: str) -> str:
    """Return why ``uri`` can't be registered and what to write instead, or an empty text when it can."""
    if len(uri) > MAX_LENGTH:
        return str(_TOO_LONG) % {"limit": MAX_LENGTH}
    refusal = redirect.refusal(uri)
    if refusal is None:
        return ""
    because = str(applications.REFUSALS[refusal])
    if better := instead(uri, refusal):
        return _("%(reason)s Write instead: %(uri)s") % {"reason": because, "uri": better}
    if refusal is Refusal.MALFORMED:
        return _("%(reason)s Write the whole address, such as %(uri)s") % {"reason": because, "uri": _EXAMPLE}
    return because


def warning(uri: str) -> str:
    """Return what to know about a URI that can be registered, or an empty text (RFC 8252 8.3)."""
    parts = urlsplit(uri)
    return str(_LOCALHOST) if parts.scheme == "http" and parts.hostname == "localhost" else ""


def instead(uri: str, refusal: Refusal) -> str:
    """Return what the writer most likely meant, if that can be registered; otherwise an empty text."""
    # What is refused for its syntax can't always be parsed.
    parts = urlsplit("") if refusal in {Refusal.CHARACTERS, Refusal.MALFORMED} else urlsplit(uri)
    guesses = {
        Refusal.CHARACTERS: lambda: quote(uri, safe=":/?#[]@!$&'()*+,;=%~"),
        Refusal.MALFORMED: lambda: f"https://{uri.lstrip('/')}" if "." in uri and ":" not in uri else "",
        Refusal.FRAGMENT: lambda: uri.partition("#")[0],
        Refusal.USERINFO: lambda: parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(),
        Refusal.HTTP_NOT_LOOPBACK: lambda: parts._replace(scheme="https").geturl(),
    }
    guess = guesses[refusal]() if refusal in guesses else ""
    return guess if guess and redirect.refusal(guess) is None else ""


@method_decorator(never_cache, name="dispatch")
class CheckUriView(LoginRequiredMixin, View):
    """Answer a developer's form about one redirect URI, in the person's language."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer with ``uri``, ``refusal`` (a code), ``reason`` and ``warning``; what there is none of is null."""
        uri = request.GET.get("uri", "").strip()
        because = reason(uri)
        body: dict[str, Any] = {
            "uri": uri[:MAX_LENGTH],
            "refusal": None if not because else ("too_long" if len(uri) > MAX_LENGTH else redirect.refusal(uri)),
            "reason": because or None,
            "warning": None if because else (warning(uri) or None),
        }
        return protect(JsonResponse(body))

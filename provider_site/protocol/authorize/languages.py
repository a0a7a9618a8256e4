"""The language a client asks for its person's pages (``ui_locales``, OpenID Core 3.1.2.1)."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

_TAGS = 20


def wanted(ui_locales: str) -> str | None:
    """Return the first of the BCP 47 tags that this site has, as Django names it; ``None`` without one."""
    for tag in ui_locales.split()[:_TAGS]:
        try:
            return translation.get_supported_language_variant(tag.lower())
        except LookupError:
            continue
    return None


def speak(request: HttpRequest, ui_locales: str) -> str | None:
    """Go on in the language asked for; return it, or ``None`` where the person's own is as good."""
    language = wanted(ui_locales)
    if language is None or language == translation.get_language():
        return None
    translation.activate(language)
    request.LANGUAGE_CODE = language  # as LocaleMiddleware sets it
    return language


def remember(response: HttpResponse, language: str) -> None:
    """Have the pages that follow, the host's sign-in page among them, in this language until the browser is closed."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        path=settings.LANGUAGE_COOKIE_PATH,
        domain=settings.LANGUAGE_COOKIE_DOMAIN,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,  # type: ignore[arg-type]  # one of Django's own values
    )

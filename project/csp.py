"""Send a strict Content-Security-Policy with every response that has none of its own."""

from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from project.environment import PROVIDER

HEADER = "Content-Security-Policy"

# data: is for the QR code of the authenticator set-up, which is drawn on the server and never stored.
DIRECTIVES = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "base-uri": "'none'",
    "object-src": "'none'",
    "frame-ancestors": "'none'",
}


@lru_cache(maxsize=256)
def policy(*, form_action: tuple[str, ...] = ()) -> str:
    """Return the policy's text; `form_action` adds origins that this page's forms may end at.

    Chrome applies form-action to every redirect that follows a submitted form, so a form that leads to another site
    must name that site's origin.
    """
    directives = dict(DIRECTIVES, **{"form-action": " ".join(["'self'", *form_action])})
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def _form_action(request: HttpRequest, response: HttpResponse) -> tuple[str, ...]:
    site = getattr(request, "hosted_site", "")
    origins = [*settings.CSP_FORM_ACTION.get(site, ()), *getattr(response, "_csp_form_action", ())]
    match = request.resolver_match
    if site == PROVIDER and match is not None and (match.url_name or "").startswith(("account_", "mfa_")):
        from provider_site.services.sessions import destinations  # noqa: PLC0415 - absent where the consumer is alone

        # A sign-in that an application asked for ends there, if its consent is remembered.
        origins += destinations(request=request)
    return tuple(dict.fromkeys(origins))


class ContentSecurityPolicyMiddleware:
    """Add the policy. A view widens form-action with `response._csp_form_action`, or sets the header itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if HEADER not in response:
            response[HEADER] = policy(form_action=_form_action(request, response))
        return response

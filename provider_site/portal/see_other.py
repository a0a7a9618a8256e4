"""The answer to a form: go on there by a GET, whatever the form was sent by (RFC 9110 15.4.4)."""

from __future__ import annotations

from django.http import HttpResponseRedirect


def see_other(address: str) -> HttpResponseRedirect:
    """Return a redirect with status 303."""
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return response

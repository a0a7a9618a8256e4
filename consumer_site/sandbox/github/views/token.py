import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt

from consumer_site.sandbox.conf import GitHubApp, github_apps
from consumer_site.sandbox.github.codes import ApiError, GitHubError, planned_error
from consumer_site.sandbox.github.grants import IssuedToken, redeem_code, redeem_refresh_token
from consumer_site.sandbox.guard import emulator_view
from consumer_site.sandbox.models import Service
from consumer_site.sandbox.turns import Endpoint, Turn, next_turn


@csrf_exempt
@emulator_view
def access_token(request: HttpRequest) -> HttpResponse:
    """Exchange a code or a refresh token; errors are HTTP 200, form-encoded unless JSON or XML is accepted."""
    if request.method != "POST":
        return _answer(request, {"error": "Not Found"}, status=404)
    turn = Turn()
    try:
        sent = _parameters(request)
        app = github_apps().get(sent.get("client_id", ""))
        if app is None:
            # An unknown client_id is no OAuth error at GitHub.
            return _answer(request, {"error": "Not Found"}, status=404)
        grant_type = sent.get("grant_type") or "authorization_code"
        endpoint = Endpoint.REFRESH if grant_type == "refresh_token" else Endpoint.TOKEN
        turn = next_turn(Service.GITHUB, app.client_id, endpoint)
        turn.begin(planned_error)
        _authenticate(app, sent)
        fields = _redeem(app, grant_type, sent).fields
    except GitHubError as fault:
        return turn.finish(_answer(request, fault.fields))
    except ApiError as fault:
        return _answer(request, {"error": fault.message}, status=fault.status)
    return turn.finish(_answer(request, turn.alter(fields)))


def _authenticate(app: GitHubApp, sent: Mapping[str, str]) -> None:
    if not constant_time_compare(app.secret, sent.get("client_secret", "")):
        raise GitHubError("incorrect_client_credentials")


def _redeem(app: GitHubApp, grant_type: str, sent: Mapping[str, str]) -> IssuedToken:
    if grant_type == "refresh_token":
        return redeem_refresh_token(app=app, refresh_token=sent.get("refresh_token", ""))
    if grant_type != "authorization_code":
        raise GitHubError("unsupported_grant_type")
    return redeem_code(
        app=app,
        code=sent.get("code", ""),
        redirect_uri=sent.get("redirect_uri") or None,
        code_verifier=sent.get("code_verifier", ""),
    )


def _parameters(request: HttpRequest) -> dict[str, str]:
    if request.content_type == "application/json":
        try:
            sent = json.loads(request.body)
        except ValueError as error:
            raise ApiError(400) from error
        return {str(name): str(value) for name, value in sent.items()} if isinstance(sent, dict) else {}
    return request.GET.dict() | request.POST.dict()


def _answer(request: HttpRequest, fields: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    accepted = request.headers.get("Accept", "")
    if "json" in accepted:
        text, kind = json.dumps(fields, separators=(",", ":")), "application/json"
    elif "application/xml" in accepted:
        rows = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in fields.items())
        text, kind = f'<?xml version="1.0" encoding="UTF-8"?><OAuth>{rows}</OAuth>', "application/xml"
    else:
        text, kind = urlencode(fields), "application/x-www-form-urlencoded"
    return HttpResponse(text.encode(), content_type=f"{kind}; charset=utf-8", status=status)

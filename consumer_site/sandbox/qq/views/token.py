from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from consumer_site.sandbox.conf import QQApp
from consumer_site.sandbox.guard import emulator_view
from consumer_site.sandbox.models import Service
from consumer_site.sandbox.qq import wire
from consumer_site.sandbox.qq.codes import QQError, planned_error
from consumer_site.sandbox.qq.grants import IssuedToken, redeem_code, redeem_refresh_token
from consumer_site.sandbox.qq.persons import openid
from consumer_site.sandbox.qq.request import authenticated_app, parameters, required
from consumer_site.sandbox.turns import Endpoint, Turn, next_turn


@csrf_exempt
@emulator_view
def token(request: HttpRequest) -> HttpResponse:
    """Exchange a code or a refresh token; errors are HTTP 200, JSONP unless ``fmt=json``."""
    as_json = request.GET.get("fmt", request.POST.get("fmt")) == "json"
    json_type = "application/json; charset=utf-8"
    turn = Turn()
    try:
        sent = parameters(request)
        # The grant type is judged before the client: published clients that sent neither were answered by 100004.
        grant_type = _grant_type(sent)
        app = authenticated_app(sent)
        json_type = app.json_content_type
        endpoints = [Endpoint.TOKEN] if grant_type == "authorization_code" else [Endpoint.REFRESH, Endpoint.TOKEN]
        turn = next_turn(Service.QQ, app.app_id, *endpoints)
        turn.begin(planned_error)
        issued = _redeem(app, grant_type, sent)
    except QQError as fault:
        return turn.finish(wire.error(fault, as_json=as_json, json_type=json_type, old=turn.old_errors))
    fields: dict[str, wire.Value] = {
        "access_token": issued.access_token,
        "expires_in": str(issued.lifetime),
        "refresh_token": issued.refresh_token,
    }
    if sent.get("need_openid") == "1":
        fields["openid"] = openid(app.app_id, issued.person)
    return turn.finish(wire.token(turn.alter(fields), as_json=as_json, json_type=json_type))


def _grant_type(sent: dict[str, str]) -> str:
    grant_type = required(sent, "grant_type", 100004)
    if grant_type not in {"authorization_code", "refresh_token"}:
        raise QQError(100004)
    return grant_type


def _redeem(app: QQApp, grant_type: str, sent: dict[str, str]) -> IssuedToken:
    if grant_type == "refresh_token":
        return redeem_refresh_token(app=app, refresh_token=required(sent, "refresh_token", 100006))
    code, redirect_uri = required(sent, "code", 100005), required(sent, "redirect_uri", 100010)
    return redeem_code(app=app, code=code, redirect_uri=redirect_uri)

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from consumer_site.sandbox.conf import WeixinApp
from consumer_site.sandbox.guard import emulator_view
from consumer_site.sandbox.models import Service
from consumer_site.sandbox.turns import Endpoint, Turn, next_turn
from consumer_site.sandbox.weixin import wire
from consumer_site.sandbox.weixin.codes import WeixinError, planned_error
from consumer_site.sandbox.weixin.grants import IssuedToken, redeem_code, redeem_refresh_token, token_fields
from consumer_site.sandbox.weixin.persons import unionid

# Neither scope nor person gives a UnionID to a page that asks for nothing but the OpenID.
_WITHOUT_UNIONID = "snsapi_base"


@csrf_exempt
@emulator_view
@wire.errors_as_answers
def access_token(request: HttpRequest) -> HttpResponse:
    """Exchange a code for tokens; the OpenID comes along."""
    sent = wire.parameters(request)
    app = wire.authenticated_app(sent)
    turn = next_turn(Service.WEIXIN, app.app_id, Endpoint.TOKEN)
    turn.begin(planned_error)
    code = wire.required(sent, "code", 41008)
    if sent.get("grant_type") != "authorization_code":
        raise WeixinError(40002)
    issued = redeem_code(app=app, code=code)
    more = {}
    if app.unionid and issued.scope != _WITHOUT_UNIONID:
        more["unionid"] = unionid(app, issued.person)
    return _answer(app, issued, turn, more)


@csrf_exempt
@emulator_view
@wire.errors_as_answers
def refresh_token(request: HttpRequest) -> HttpResponse:
    """Prolong or replace the access token; the refresh token stays, and no secret is asked for."""
    sent = wire.parameters(request)
    app = wire.known_app(wire.required(sent, "appid", 41002))
    turn = next_turn(Service.WEIXIN, app.app_id, Endpoint.REFRESH)
    turn.begin(planned_error)
    token = wire.required(sent, "refresh_token", 41003)
    if sent.get("grant_type") != "refresh_token":
        raise WeixinError(40002)
    return _answer(app, redeem_refresh_token(app=app, refresh_token=token), turn, {})


def _answer(app: WeixinApp, issued: IssuedToken, turn: Turn, more: dict[str, str]) -> HttpResponse:
    return turn.finish(wire.answer(turn.alter(token_fields(app, issued) | more), app.content_type))

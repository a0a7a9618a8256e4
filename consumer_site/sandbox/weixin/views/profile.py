from typing import Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from consumer_site.sandbox.conf import WeixinApp
from consumer_site.sandbox.guard import emulator_view
from consumer_site.sandbox.models import Service, Token
from consumer_site.sandbox.turns import Endpoint, Turn, next_turn
from consumer_site.sandbox.weixin import wire
from consumer_site.sandbox.weixin.codes import WORDS, WeixinError, planned_error
from consumer_site.sandbox.weixin.grants import find_token
from consumer_site.sandbox.weixin.persons import PERSONS, Person, openid, picture_key, unionid

_PROFILE_SCOPES: Final = frozenset({"snsapi_login", "snsapi_userinfo"})


@csrf_exempt
@emulator_view
@wire.errors_as_answers
def userinfo(request: HttpRequest) -> HttpResponse:
    """Answer the person's profile."""
    app, row, turn = _read(request, Endpoint.PROFILE)
    if not _PROFILE_SCOPES & set(row.scope.split(",")):
        raise WeixinError(48001)
    fields = _fields(request, app, PERSONS[row.person])
    return turn.finish(wire.answer(turn.alter(fields), app.content_type))


@csrf_exempt
@emulator_view
@wire.errors_as_answers
def auth(request: HttpRequest) -> HttpResponse:
    """Tell whether an access token is good for this OpenID."""
    app, _row, turn = _read(request, Endpoint.AUTH)
    return turn.finish(wire.answer({"errcode": 0, "errmsg": WORDS[0]}, app.content_type))


def _read(request: HttpRequest, endpoint: str) -> tuple[WeixinApp, Token, Turn]:
    sent = wire.parameters(request)
    token, asked = wire.required(sent, "access_token", 41001), wire.required(sent, "openid", 41009)
    row = find_token(token)
    app = wire.known_app(row.app_id)
    turn = next_turn(Service.WEIXIN, app.app_id, endpoint)
    turn.begin(planned_error)
    if asked != openid(app.app_id, PERSONS[row.person]):
        raise WeixinError(40003)
    return app, row, turn


def _fields(request: HttpRequest, app: WeixinApp, person: Person) -> dict[str, str | int | list[str]]:
    picture = ""
    if person.has_picture:
        # WeChat writes http:// whatever the request came by; the last part of the path is the side, 0 means 640.
        path = reverse("consumer_sandbox:weixin-avatar", args=(app.app_id, picture_key(app.app_id, person), 132))
        picture = f"http://{request.get_host()}{path}"
    fields: dict[str, str | int | list[str]] = {
        "openid": openid(app.app_id, person),
        "nickname": person.nickname,
        "sex": person.sex,
        "language": "" if app.inside else "zh_CN",
        "city": person.city,
        "province": person.province,
        "country": person.country,
        "headimgurl": picture,
        "privilege": [],
    }
    if app.unionid:
        fields["unionid"] = unionid(app, person)
    return fields

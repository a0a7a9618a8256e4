import re
from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from consumer_site.sandbox.conf import QQApp
from consumer_site.sandbox.guard import emulator_view
from consumer_site.sandbox.models import Service, Token
from consumer_site.sandbox.qq import wire
from consumer_site.sandbox.qq.codes import PROFILE_WORDS, QQError, planned_error
from consumer_site.sandbox.qq.grants import find_token
from consumer_site.sandbox.qq.persons import PERSONS, Person, openid, picture_key
from consumer_site.sandbox.qq.request import known_app, parameters, required
from consumer_site.sandbox.turns import Endpoint, Turn, next_turn

API: Final = "get_user_info"
_OPENID_SHAPE: Final = re.compile(r"[0-9A-F]{32}")
_PICTURE_TIME: Final = "1700000000"


@csrf_exempt
@emulator_view
def get_user_info(request: HttpRequest) -> HttpResponse:
    """Answer the person's profile as JSON; errors are HTTP 200 with ``ret`` other than 0."""
    json_type = "application/json; charset=utf-8"
    turn = Turn()
    try:
        sent = parameters(request)
        app = known_app(required(sent, "oauth_consumer_key", -1))
        json_type = app.json_content_type
        turn = next_turn(Service.QQ, app.app_id, Endpoint.PROFILE)
        turn.begin(planned_error)
        row = _checked_token(app, sent)
    except QQError as fault:
        return turn.finish(wire.profile_error(fault, json_type=json_type))
    fields = _fields(request, app, PERSONS[row.person])
    return turn.finish(wire.answer(wire.profile(turn.alter(fields)), json_type))


def _checked_token(app: QQApp, sent: dict[str, str]) -> Token:
    access_token = required(sent, "access_token", 1002)
    if not _OPENID_SHAPE.fullmatch(sent.get("openid", "")):
        raise QQError(-1, PROFILE_WORDS[-1] + ", invalid openid")
    row = find_token(access_token)
    if row.app_id != app.app_id:
        raise QQError(-23)
    if openid(app.app_id, PERSONS[row.person]) != sent["openid"]:
        raise QQError(-22)
    # The app's own right comes before the person's: without it there was nothing to allow.
    if API not in app.apis:
        raise QQError(100031)
    if API not in row.scope.split(","):
        raise QQError(100030)
    return row


def _fields(request: HttpRequest, app: QQApp, person: Person) -> dict[str, wire.Value]:
    def old_picture(side: int) -> str:
        name = "consumer_sandbox:qq-avatar-by-openid"
        return _http_address(request, reverse(name, args=(app.app_id, openid(app.app_id, person), side)))

    def new_picture(side: int) -> str:
        if side not in person.sizes:
            return ""
        query = urlencode({"b": "oidb", "k": picture_key(app.app_id, person), "s": side, "t": _PICTURE_TIME})
        return _http_address(request, reverse("consumer_sandbox:qq-avatar") + "?" + query)

    return {
        "ret": 0,
        "msg": "",
        "is_lost": 0,
        "nickname": person.nickname,
        "gender": person.gender,
        "gender_type": person.gender_type,
        "province": person.province,
        "city": person.city,
        "year": person.year,
        "constellation": "",
        "figureurl": old_picture(30),
        "figureurl_1": old_picture(50),
        "figureurl_2": old_picture(100),
        "figureurl_qq_1": new_picture(40),
        "figureurl_qq_2": new_picture(100),
        "figureurl_qq": new_picture(640),
        "figureurl_type": "1",
        "is_yellow_vip": "0",
        "vip": "0",
        "yellow_vip_level": "0",
        "level": "0",
        "is_yellow_year_vip": "0",
    }


def _http_address(request: HttpRequest, path: str) -> str:
    # QQ writes http:// whatever the request came by.
    return f"http://{request.get_host()}{path}"

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from consumer_site.sandbox.conf import QQApp
from consumer_site.sandbox.guard import emulator_view
from consumer_site.sandbox.models import Service
from consumer_site.sandbox.qq import wire
from consumer_site.sandbox.qq.codes import QQError, planned_error
from consumer_site.sandbox.qq.grants import find_token
from consumer_site.sandbox.qq.persons import PERSONS, Person, openid, unionid
from consumer_site.sandbox.qq.request import known_app, parameters, required
from consumer_site.sandbox.turns import Endpoint, Turn, next_turn


@csrf_exempt
@emulator_view
def me(request: HttpRequest) -> HttpResponse:
    """Tell whose token this is, for which app; JSONP unless ``fmt=json``, errors as HTTP 200."""
    as_json = request.GET.get("fmt", request.POST.get("fmt")) == "json"
    json_type = "application/json; charset=utf-8"
    turn = Turn()
    try:
        sent = parameters(request)
        row = find_token(required(sent, "access_token", 100007))
        app = known_app(row.app_id)
        json_type = app.json_content_type
        turn = next_turn(Service.QQ, app.app_id, Endpoint.ME)
        turn.begin(planned_error)
        fields = _identity(app, PERSONS[row.person], with_unionid=sent.get("unionid") == "1")
    except QQError as fault:
        return turn.finish(wire.error(fault, as_json=as_json, json_type=json_type, old=turn.old_errors))
    return turn.finish(wire.identity(turn.alter(fields), as_json=as_json, json_type=json_type))


def _identity(app: QQApp, person: Person, *, with_unionid: bool) -> dict[str, wire.Value]:
    fields: dict[str, wire.Value] = {"client_id": app.app_id, "openid": openid(app.app_id, person)}
    if with_unionid and not app.unionid:
        raise QQError(100048)
    if with_unionid:
        fields["unionid"] = unionid(app, person)
    return fields

from django.http import Http404, HttpRequest, HttpResponse

from consumer_site.sandbox.conf import qq_apps
from consumer_site.sandbox.guard import emulator_view
from consumer_site.sandbox.models import Service
from consumer_site.sandbox.picture import draw
from consumer_site.sandbox.qq.codes import planned_error
from consumer_site.sandbox.qq.persons import Person, person_by_openid, person_by_picture
from consumer_site.sandbox.turns import Endpoint, next_turn


@emulator_view
def avatar(request: HttpRequest) -> HttpResponse:
    """Serve a picture by its opaque name ``k`` and its side ``s``, as the ``figureurl_qq`` addresses ask for it."""
    name, side = request.GET.get("k", ""), request.GET.get("s", "")
    for app_id in qq_apps():
        if person := person_by_picture(app_id, name):
            return _spoiled_picture(app_id, person, int(side) if side in {"40", "100", "640"} else 0)
    raise Http404("no such picture")


@emulator_view
def avatar_by_openid(_request: HttpRequest, app_id: str, openid: str, side: int) -> HttpResponse:
    """Serve a picture by app and OpenID, as the older ``figureurl`` addresses ask for it."""
    person = person_by_openid(app_id, openid)
    if person is None:
        raise Http404("no such picture")
    return _spoiled_picture(app_id, person, side)


def _spoiled_picture(app_id: str, person: Person, side: int) -> HttpResponse:
    turn = next_turn(Service.QQ, app_id, Endpoint.AVATAR)
    turn.begin(planned_error)
    return turn.finish(_picture(person, side))


def _picture(person: Person, side: int) -> HttpResponse:
    if side not in person.sizes:
        raise Http404("no picture of this size")
    return HttpResponse(draw(person.colour, side), content_type="image/png")

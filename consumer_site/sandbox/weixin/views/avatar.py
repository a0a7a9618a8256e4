from typing import Final

from django.http import Http404, HttpRequest, HttpResponse

from consumer_site.sandbox.guard import emulator_view
from consumer_site.sandbox.models import Service
from consumer_site.sandbox.picture import draw
from consumer_site.sandbox.turns import Endpoint, next_turn
from consumer_site.sandbox.weixin.codes import planned_error
from consumer_site.sandbox.weixin.persons import person_by_picture

_SIDES: Final = {0: 640, 46: 46, 64: 64, 96: 96, 132: 132}


@emulator_view
def avatar(_request: HttpRequest, app_id: str, name: str, side: int) -> HttpResponse:
    """Serve a picture as ``headimgurl`` asks for it."""
    person = person_by_picture(app_id, name)
    if person is None or side not in _SIDES:
        raise Http404("no such picture")
    turn = next_turn(Service.WEIXIN, app_id, Endpoint.AVATAR)
    turn.begin(planned_error)
    return turn.finish(HttpResponse(draw(person.colour, _SIDES[side]), content_type="image/png"))

from django.http import Http404, HttpRequest, HttpResponse

from consumer_site.sandbox.guard import emulator_view
from consumer_site.sandbox.picture import draw
from consumer_site.sandbox.services import SERVICES


@emulator_view
def face(_request: HttpRequest, service: str, person: str) -> HttpResponse:
    """Serve the picture that a service's authorization page itself shows."""
    found = SERVICES[service].persons.get(person)
    if found is None:
        raise Http404("no such person")
    return HttpResponse(draw(found.colour, 50), content_type="image/png")

"""Misbehave on demand: what a planned Behaviour does to one answer."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import F
from django.http import HttpResponse

from consumer_site.sandbox.models import Behaviour

Endpoint = Behaviour.Endpoint
Kind = Behaviour.Kind

LONGEST_DELAY: Final = 60
"""Seconds; a plan may not hold a worker longer."""

ANY_ANSWER: Final = frozenset(
    {Kind.GARBAGE, Kind.EMPTY, Kind.TRUNCATED, Kind.HTML_TYPE, Kind.HTML_PAGE, Kind.SERVER_ERROR, Kind.SLOW}
)
AT_CALLBACK: Final = frozenset({Kind.NO_CODE, Kind.WRONG_STATE, Kind.FEWER_SCOPES})
WITHOUT_PAGE: Final = frozenset({Kind.ERROR, Kind.REFUSE, Kind.ALLOW_AS})
FAULTS: Final = frozenset({Kind.ERROR, Kind.OLD_ERROR, Kind.STATUS})

_HTML: Final = "text/html"
_GARBAGE: Final = b"\xff\xfe\x00callback(\xc3\x28 {]"
_PAGE: Final = "<!DOCTYPE html><html><head><title>502</title></head><body>系统繁忙</body></html>"
_DROPPED: Final[Mapping[str, tuple[str, ...]]] = {
    Kind.NO_OPENID: ("openid", "id"),
    Kind.NO_UNIONID: ("unionid",),
    Kind.NO_REFRESH: ("refresh_token",),
}


@dataclass(frozen=True)
class Turn:
    """Apply one plan, or none, to one answer: before it, to its fields, and to the whole."""

    kind: str = ""
    number: int = 0
    word: str = ""

    @property
    def old_errors(self) -> bool:
        """Return whether errors take the old form."""
        return self.kind == Kind.OLD_ERROR

    def begin(self, fault: Callable[["Turn"], Exception]) -> None:
        """Raise the planned error, which the service makes, or wait the planned while."""
        if self.kind in FAULTS:
            raise fault(self)
        if self.kind == Kind.SLOW:
            time.sleep(min(max(self.number, 0), LONGEST_DELAY))

    def alter(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer's fields, spoiled as planned."""
        dropped = _DROPPED.get(self.kind, ())
        spoiled = {name: value for name, value in fields.items() if name not in dropped}
        if self.kind == Kind.FOREIGN_CLIENT:
            spoiled["client_id"] = "999999999"
        elif self.kind == Kind.FOREIGN_PERSON and "openid" in spoiled:
            spoiled["openid"] = "o" + "0" * 27
        elif self.kind == Kind.NUMBER_EXPIRES and "expires_in" in spoiled:
            spoiled["expires_in"] = int(spoiled["expires_in"])
        elif self.kind == Kind.STRING_EXPIRES and "expires_in" in spoiled:
            spoiled["expires_in"] = str(spoiled["expires_in"])
        elif self.kind == Kind.SNAPSHOT:
            spoiled["is_snapshotuser"] = 1
        return spoiled

    def finish(self, response: HttpResponse) -> HttpResponse:
        """Return the whole answer, spoiled or replaced as planned."""
        if self.kind == Kind.HTML_TYPE:
            response["Content-Type"] = _HTML
        elif self.kind == Kind.TRUNCATED:
            response.content = response.content[: len(response.content) // 2]
        elif self.kind == Kind.GARBAGE:
            return HttpResponse(_GARBAGE, content_type=_HTML)
        elif self.kind == Kind.EMPTY:
            return HttpResponse(b"", content_type=_HTML)
        elif self.kind == Kind.HTML_PAGE:
            return HttpResponse(_PAGE.encode(), content_type=_HTML)
        elif self.kind == Kind.SERVER_ERROR:
            return HttpResponse(_PAGE.encode(), content_type=_HTML, status=502)
        return response


def next_turn(service: str, app_id: str, *endpoints: str, kinds: Collection[str] | None = None) -> Turn:
    """Take the oldest plan for this app and one of the endpoints (of these kinds), using up one of its times."""
    plans = Behaviour.objects.filter(service=service, app_id=app_id, endpoint__in=endpoints, times__gt=0)
    if kinds is not None:
        plans = plans.filter(kind__in=kinds)
    while True:
        plan = plans.order_by("pk").first()
        if plan is None:
            return Turn()
        # The row count decides between two requests that saw the same plan.
        if Behaviour.objects.filter(pk=plan.pk, times__gt=0).update(times=F("times") - 1):
            return Turn(plan.kind, plan.number, plan.word)

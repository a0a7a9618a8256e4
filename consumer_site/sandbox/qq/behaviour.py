"""Misbehave on demand: what a planned QQBehaviour does to one answer."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import F
from django.http import HttpResponse

from consumer_site.sandbox.models import QQBehaviour
from consumer_site.sandbox.qq.codes import QQError
from consumer_site.sandbox.qq.wire import PLAIN, Value, answer

Endpoint = QQBehaviour.Endpoint
Kind = QQBehaviour.Kind

LONGEST_DELAY: Final = 60
"""Seconds; a plan may not hold a worker longer."""

_ANY_ANSWER: Final = frozenset(
    {Kind.GARBAGE, Kind.EMPTY, Kind.TRUNCATED, Kind.HTML_TYPE, Kind.HTML_PAGE, Kind.SERVER_ERROR, Kind.SLOW}
)
POSSIBLE: Final[Mapping[str, frozenset[str]]] = {
    Endpoint.AUTHORIZE: frozenset({Kind.ERROR, Kind.NO_CODE, Kind.WRONG_STATE}),
    Endpoint.TOKEN: _ANY_ANSWER | {Kind.ERROR, Kind.OLD_ERROR, Kind.NUMBER_EXPIRES},
    Endpoint.ME: _ANY_ANSWER | {Kind.ERROR, Kind.OLD_ERROR, Kind.NO_OPENID, Kind.NO_UNIONID, Kind.FOREIGN_CLIENT},
    Endpoint.PROFILE: _ANY_ANSWER | {Kind.ERROR},
    Endpoint.AVATAR: _ANY_ANSWER,
}
"""Which kinds make sense at which endpoint."""

_GARBAGE: Final = b"\xff\xfe\x00callback(\xc3\x28 {]"
_PAGE: Final = "<!DOCTYPE html><html><head><title>502</title></head><body>系统繁忙</body></html>"


@dataclass(frozen=True)
class Turn:
    """Apply one plan, or none, to one answer: before it, to its fields, and to the whole."""

    kind: str = ""
    number: int = 0

    @property
    def old_errors(self) -> bool:
        """Return whether errors take the old form."""
        return self.kind == Kind.OLD_ERROR

    def begin(self) -> None:
        """Raise the planned error, or wait the planned while."""
        if self.kind in {Kind.ERROR, Kind.OLD_ERROR}:
            raise QQError(self.number)
        if self.kind == Kind.SLOW:
            time.sleep(min(max(self.number, 0), LONGEST_DELAY))

    def alter(self, fields: Mapping[str, Value]) -> dict[str, Value]:
        """Return the answer's fields, spoiled as planned."""
        spoiled = dict(fields)
        if self.kind == Kind.NO_OPENID:
            spoiled.pop("openid", None)
        elif self.kind == Kind.NO_UNIONID:
            spoiled.pop("unionid", None)
        elif self.kind == Kind.FOREIGN_CLIENT:
            spoiled["client_id"] = "999999999"
        elif self.kind == Kind.NUMBER_EXPIRES and "expires_in" in spoiled:
            spoiled["expires_in"] = int(spoiled["expires_in"])
        return spoiled

    def finish(self, response: HttpResponse) -> HttpResponse:
        """Return the whole answer, spoiled or replaced as planned."""
        if self.kind == Kind.HTML_TYPE:
            response["Content-Type"] = PLAIN
        elif self.kind == Kind.TRUNCATED:
            response.content = response.content[: len(response.content) // 2]
        elif self.kind == Kind.GARBAGE:
            return HttpResponse(_GARBAGE, content_type=PLAIN)
        elif self.kind == Kind.EMPTY:
            return HttpResponse(b"", content_type=PLAIN)
        elif self.kind == Kind.HTML_PAGE:
            return answer(_PAGE, PLAIN)
        elif self.kind == Kind.SERVER_ERROR:
            return HttpResponse(_PAGE.encode(), content_type=PLAIN, status=502)
        return response


def next_turn(app_id: str, endpoint: str, kinds: Collection[str] | None = None) -> Turn:
    """Take the oldest plan for this app and endpoint (of these kinds), using up one of its times."""
    plans = QQBehaviour.objects.filter(app_id=app_id, endpoint=endpoint, times__gt=0)
    if kinds is not None:
        plans = plans.filter(kind__in=kinds)
    while True:
        plan = plans.order_by("pk").first()
        if plan is None:
            return Turn()
        # The row count decides between two requests that saw the same plan.
        if QQBehaviour.objects.filter(pk=plan.pk, times__gt=0).update(times=F("times") - 1):
            return Turn(plan.kind, plan.number)

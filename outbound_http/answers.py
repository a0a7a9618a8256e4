"""What may be made of an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import requests

from outbound_http.errors import AnswerNotJSON


def json_object(response: requests.Response) -> Mapping[str, Any]:
    """Return the JSON object in an answer's body, whatever its content type says; raise AnswerNotJSON otherwise."""
    try:
        value = json.loads(response.content, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate can't be stored or shown
    except (ValueError, RecursionError):
        raise AnswerNotJSON("answer is not JSON") from None
    if not isinstance(value, dict):
        raise AnswerNotJSON("answer is JSON but not an object")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")

"""Every endpoint that docs/openapi.yaml describes, by requests that fit the description and by such that don't.

Each answer has a status, a content type and a body that are described, and none is a 500.
"""

import itertools
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
import yaml
from django.core.cache import cache
from django.db import transaction
from django.urls import get_resolver
from hypothesis import given
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from urllib3 import HTTPResponse

from provider_site.protocol.endpoints import machine_paths
from tests.provider.driver import ISSUER, Driver, plant_signing_key
from tests.security.any_request import trying

pytestmark = pytest.mark.django_db

DESCRIPTION = Path(__file__).resolve().parents[3] / "docs" / "openapi.yaml"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
RAW = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))
# What has no parameters has no wrong ones either.
OPERATIONS = [
    pytest.param(path, method, mode, id=f"{operation['operationId']}-{mode.value}")
    for path, item in RAW["paths"].items()
    for method, operation in item.items()
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or "requestBody" in operation
]
EXAMPLES = 8


@pytest.fixture
def driver(registered: Any, user: Any) -> Driver:
    plant_signing_key()
    return Driver(registered, user)


@pytest.mark.parametrize(("path", "method", "mode"), OPERATIONS)
def test_every_answer_is_as_described(path: str, method: str, mode: GenerationMode, driver: Driver) -> None:
    operation = schemathesis.openapi.from_dict(RAW)[path][method.upper()]
    credentials: list[dict[str, str]] = [{}, driver.basic(), {"Authorization": f"Bearer {driver.tokens().access}"}]
    turn = itertools.cycle(credentials)

    @trying(EXAMPLES)
    @given(operation.as_strategy(generation_mode=mode))
    def answered(case: Any) -> None:
        cache.clear()
        with transaction.atomic():
            answer = sent(case, driver.backchannel, next(turn))
            case.validate_response(answer, checks=CHECKS)
            assert len(answer.content) < 64 * 1024
            transaction.set_rollback(True)

    answered()


def sent(case: Any, client: Any, credentials: dict[str, str]) -> requests.Response:
    """Send the octets that a client would have sent; return the answer as it would have come."""
    request = requests.Request(**case.as_transport_kwargs(base_url=ISSUER)).prepare()
    headers = {name: str(value) for name, value in request.headers.items()} | credentials
    kind = headers.pop("Content-Type", "")
    headers.pop("Content-Length", None)
    body = request.body or b""
    told = client.generic(
        request.method, request.path_url, body, kind, headers={name: value for name, value in headers.items() if name}
    )
    answer = requests.Response()
    answer.status_code, answer._content, answer.request, answer.url = (
        told.status_code,
        told.content,
        request,
        request.url,
    )
    answer.headers.update(told.headers)
    answer.raw = HTTPResponse(headers=dict(told.headers), status=told.status_code)
    return answer


def test_every_machine_endpoint_is_described() -> None:
    found = set(machine_paths(get_resolver("project.urls_provider")))
    assert found == set(RAW["paths"])

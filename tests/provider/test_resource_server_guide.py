"""What docs/resource-servers.md shows is what happens."""

import json
import re
from typing import Any

import pytest
from authlib.oauth2.rfc6750.errors import InvalidTokenError

from provider_site.models import Registration
from tests import readme
from tests.provider.driver import ISSUER, Driver
from tests.spec import resources

GUIDE = "docs/resource-servers.md"
API = resources.API


def examples() -> list[dict[str, Any]]:
    """Return the JSON of the guide."""
    text = (readme.ROOT / GUIDE).read_text(encoding="utf-8")
    return [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]


def test_answers_shown_are_those_given(driver: Driver) -> None:
    api = resources.api()
    token = driver.tokens(resource=API).access
    active, inactive = examples()
    answer = api.introspect(token)
    assert set(answer) - {"acr", "amr"} == set(active)
    fixed = {name: value for name, value in active.items() if not str(value).startswith(("<", "17"))}
    assert fixed == {name: answer[name] for name in fixed}
    assert api.introspect("unknown") == inactive


def test_validator_shown_accepts_what_is_for_it_alone(driver: Driver) -> None:
    Registration.objects.filter(application=driver.application).update(access_token_format="jwt")
    resources.api()
    source = readme.lines("validator", GUIDE)
    names: dict[str, Any] = {
        "issuer": ISSUER,
        "jwks": driver.backchannel.get("/.well-known/jwks.json").json(),
        "token": driver.tokens(resource=API).access,
    }
    exec(compile(source, GUIDE, "exec"), names)
    assert names["claims"]["aud"] == API
    with pytest.raises(InvalidTokenError):
        exec(compile(source, GUIDE, "exec"), names | {"token": driver.tokens().access})

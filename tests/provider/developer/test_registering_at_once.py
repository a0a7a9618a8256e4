"""Forms sent at the same moment register no application twice and none too many."""

from collections import Counter
from typing import Any

import pytest

from provider_site.models import ClientSecret, Registration
from tests import factories
from tests.flows.test_at_once import at_once
from tests.provider.developer.browsers import signed_in
from tests.provider.developer.pages import NEW, facts, hidden

TIMES = 4


@pytest.fixture
def developer(transactional_db: None, settings: Any) -> Any:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": "everyone", "MAX_APPLICATIONS": 2}
    return factories.make_user()


def send(forms: list[dict[str, Any]], developer: Any) -> Counter[int]:
    browsers = [signed_in(developer) for _form in forms]
    return Counter(at_once(lambda number: browsers[number].post(NEW, forms[number]).status_code, len(forms)))


def test_one_form_sent_many_times_at_once_registers_once(developer: Any) -> None:
    form = facts(once=hidden(signed_in(developer).get(NEW), "once"))
    assert send([form] * TIMES, developer) == {201: 1, 302: TIMES - 1}
    assert Registration.objects.count() == ClientSecret.objects.count() == 1


def test_many_forms_sent_at_once_find_the_last_place_once(developer: Any) -> None:
    factories.make_application(owner=developer)
    forms = [facts(once=hidden(signed_in(developer).get(NEW), "once")) for _number in range(TIMES)]
    assert send(forms, developer) == {201: 1, 400: TIMES - 1}
    assert Registration.objects.filter(owner=developer).count() == 2

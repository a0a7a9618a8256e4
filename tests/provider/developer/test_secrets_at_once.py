"""portal/developer/secrets.py on simultaneous requests."""

from collections import Counter
from typing import Any

import pytest

from provider_site.models import ClientSecret
from tests import factories
from tests.flows.test_at_once import at_once
from tests.provider.developer.browsers import signed_in


@pytest.mark.parametrize("action", ["issue", "rotate"])
def test_one_form_sent_many_times_at_once_makes_one_secret(transactional_db: None, action: str) -> None:
    """A double click, and a reload of the answer: whoever comes second is told."""
    owner = factories.make_user()
    application = factories.make_application(owner).application
    sent = {"name": "", "lifetime": "30", "overlap": "3600", "seen": str(ClientSecret.objects.get().pk)}
    browsers: list[Any] = [signed_in(owner) for _number in range(6)]
    address = f"/o/developer/{application.pk}/secrets/{action}/"
    statuses = Counter(at_once(lambda number: browsers[number].post(address, sent).status_code, len(browsers)))
    assert statuses == {200: 1, 409: 5}
    assert ClientSecret.objects.count() == 2

"""Simultaneous first uses of an application's subjects, on whatever engine the suite runs."""

from contextlib import nullcontext

import pytest
from django.db import transaction

from provider_site.models import PairwiseSubject, UnionSubject
from provider_site.services import subjects
from tests import factories
from tests.flows.test_at_once import at_once


@pytest.mark.parametrize("in_transaction", [False, True])
def test_first_uses_at_once_make_one_subject_each(transactional_db: None, in_transaction: bool) -> None:
    user, owner = factories.make_user(), factories.make_user()

    def first_use(_number: int) -> tuple[str, str]:
        # Whoever comes second goes on in its own transaction.
        with transaction.atomic() if in_transaction else nullcontext():
            pair = subjects.pairwise(user=user, sector="app.example.com"), subjects.union(user=user, owner_id=owner.pk)
            assert PairwiseSubject.objects.filter(subject=pair[0]).exists()
            return pair

    assert len(set(at_once(first_use))) == 1
    assert PairwiseSubject.objects.count() == UnionSubject.objects.count() == 1

"""Simultaneous first uses of an application's subjects, on whatever engine the suite runs."""

from django.db import transaction

from provider_site.models import PairwiseSubject, UnionSubject
from provider_site.services import subjects
from tests import factories
from tests.flows.test_at_once import at_once


def test_first_uses_at_once_make_one_subject_each(transactional_db: None) -> None:
    user, owner = factories.make_user(), factories.make_user()

    def first_use(_number: int) -> tuple[str, str]:
        with transaction.atomic():  # whoever comes second goes on in its own transaction
            pair = subjects.pairwise(user=user, sector="app.example.com"), subjects.union(user=user, owner_id=owner.pk)
            assert PairwiseSubject.objects.filter(subject=pair[0]).exists()
            return pair

    assert len(set(at_once(first_use))) == 1
    assert PairwiseSubject.objects.count() == UnionSubject.objects.count() == 1

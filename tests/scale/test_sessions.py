"""Sessions in a cache that all processes share: none outlives its row."""

from typing import Any

import pytest

from project.sessions import OwnCachedSessionStore


@pytest.fixture
def key(db: None) -> str:
    """Return the key of a session that the cache has lost."""
    store = OwnCachedSessionStore()
    store["who"] = "Ada"
    store.create()
    store.save()
    store._cache.clear()
    return str(store.session_key)


def test_session_is_read_from_its_row_where_the_cache_has_lost_it(key: str, django_assert_num_queries: Any) -> None:
    assert OwnCachedSessionStore(key)["who"] == "Ada"
    with django_assert_num_queries(0):
        assert OwnCachedSessionStore(key)["who"] == "Ada"


def test_session_that_ends_while_another_process_reads_it_stays_ended(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = OwnCachedSessionStore(key)
    put = type(store._cache).set

    def late(self: Any, *args: Any, **kwargs: Any) -> None:
        monkeypatch.undo()
        OwnCachedSessionStore().delete(key)
        put(self, *args, **kwargs)

    monkeypatch.setattr(type(store._cache), "set", late)
    assert store.get("who") is None
    assert OwnCachedSessionStore(key).get("who") is None

"""Builds of the consumer that are careless with accounts once somebody is in: whose they are, what they may do."""

from typing import Any

from tests.security.weakened.registry import Build, weakens

_PROOF = "consumer/test_connecting_without_proof.py"
_STALE = "consumer/test_stale_accounts.py"
_DEAD = "consumer/test_dead_accounts.py"
_LASTING = "consumer/test_lasting_sessions.py"
_LOCAL = "consumer/test_local_credentials.py"
_SECRETS = "consumer/test_stored_secrets.py"
_BLIND = "consumer/test_blind_merge.py"


@weakens(
    f"{_PROOF}::test_stolen_session_connects_nothing",
    f"{_PROOF}::test_what_the_thief_connects_is_no_proof_of_the_owner",
    f"{_PROOF}::test_record_of_another_person_in_the_session_proves_nothing",
)
def consumer_open_session_connects_anything(build: Build) -> None:
    """Whoever sits at a session connects a sign-in of theirs, as at stock allauth."""
    build.replace("consumer_site.adapters._refuse_without_proof", lambda *_args: None)


@weakens(
    f"{_STALE}::test_connection_gives_nobody_back_what_was_taken_while_the_provider_answered[is_staff]",
    f"{_STALE}::test_sign_in_does_not_bring_an_account_back_to_where_it_was[moved]",
)
def consumer_rows_are_saved_as_they_were_read(build: Build) -> None:
    """A sign-in saves whole rows that it read before the provider answered, as at stock allauth."""
    build.replace("consumer_site.adapters.write_upon_current_rows", lambda _sociallogin: None)


@weakens(
    f"{_BLIND}::test_button_of_one_account_does_nothing_to_the_one_claimed_since",
    f"{_BLIND}::test_way_in_that_was_added_behind_the_page_is_shown_first",
)
def consumer_button_does_what_is_true_by_now(build: Build) -> None:
    """What the page showed is not compared with what its button does."""
    build.replace("consumer_site.calendar.another_account._is_as_shown", lambda *_args: True)


@weakens(f"{_DEAD}::test_closed_person_does_not_come_back", f"{_DEAD}::test_open_session_of_a_closed_person_is_over")
def consumer_closed_people_are_let_in(build: Build) -> None:
    """Nobody looks at `is_active`, neither at a sign-in nor later."""
    build.replace("django.contrib.auth.backends.ModelBackend.user_can_authenticate", lambda *_args: True)
    build.replace("allauth.account.adapter.DefaultAccountAdapter.pre_login", lambda *_args, **_named: None)


@weakens(
    f"{_LASTING}::test_disconnecting_ends_what_the_account_opened_elsewhere",
    f"{_LASTING}::test_moving_ends_what_the_account_opened_at_the_one_before",
)
def consumer_sessions_outlive_their_account(build: Build) -> None:
    """A session goes on whatever became of the account that opened it, as at stock allauth."""
    build.without_middleware("SessionLinkMiddleware")


@weakens(
    f"{_LOCAL}::test_connector_alone_changes_no_address_of_somebody_with_a_password[add]",
    f"{_LOCAL}::test_staff_who_have_the_connector_alone_make_themselves_no_key_to_the_admin[/accounts/password/set/-form0-True]",
)
def consumer_connector_is_as_good_as_a_password(build: Build) -> None:
    """A sign-in at a connector changes what opens the provider and the admin, as at stock allauth."""
    build.replace("project.accounts._is_by_connector_alone", lambda _request: False)


@weakens(f"{_LOCAL}::test_open_session_of_somebody_with_the_connector_alone_gets_no_other_way_in")
def consumer_open_session_gets_a_password(build: Build) -> None:
    """Whoever has no local proof needs none, however old their sign-in, as at stock allauth."""
    build.replace("project.accounts._want_a_recent_sign_in", lambda _request: None)


@weakens(f"{_SECRETS}::TestSealedRows::test_row_moved_to_another_account_does_not_open")
def consumer_tokens_are_sealed_for_anybody(build: Build) -> None:
    """A sealed row opens for whichever account it lies at."""
    build.replace("consumer_site.vault.store.binding_of", lambda _account: "")


@weakens(f"{_SECRETS}::test_house_s_secrets_are_nowhere[well]")
def consumer_tokens_lie_in_clear(build: Build) -> None:
    """Tokens are stored by allauth as well, which has no other way than in clear."""
    build.settings(SOCIALACCOUNT_STORE_TOKENS=True)


@weakens("consumer/test_ownership.py::test_entry_of_another_is_neither_seen_nor_deleted")
def consumer_entries_are_found_by_their_key_alone(build: Build) -> None:
    """An entry of the calendar is anybody's who knows its number."""

    def by_key(original: Any, model: Any, *, pk: int, **_owner: Any) -> Any:
        return original(model, pk=pk)

    build.wrap("consumer_site.calendar.views.get_object_or_404", by_key)

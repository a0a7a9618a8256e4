"""Attacks that succeed against django-oauth-toolkit as it comes: by file, the runs of tests/defects that show it."""

BY_STOCK: dict[str, tuple[str, ...]] = {
    "test_any_token_parameter.py": (
        "defects/test_12_broken_requests.py::test_device_grant_without_a_code_breaks_stock_dot",
    ),
    "test_client_authentication.py": (
        "defects/test_13_slow_secrets.py::test_stored_hash_is_the_secret_of_stock_dot_when_its_hasher_is_lost",
        "defects/test_17_clear_storage.py::test_password_grant_passes_stock_dot",
        "defects/test_17_clear_storage.py::test_implicit_grant_passes_stock_dot",
    ),
    "test_code_replay.py": ("defects/test_05_code_replay.py::test_replayed_code_at_stock_dot_leaves_its_tokens_alive",),
    "test_consent_tampering.py": (
        "defects/test_03_client_chosen_consent.py::test_approval_prompt_at_stock_dot_beats_the_setting",
        "defects/test_03_client_chosen_consent.py::test_consent_form_of_stock_dot_can_be_widened",
    ),
    "test_cross_client_introspection.py": (
        "defects/test_08_introspection.py::test_every_client_learns_of_every_token_at_stock_dot",
    ),
    "test_dead_accounts.py": (
        "defects/test_06_deactivated_people.py::test_access_token_of_a_deactivated_person_works_at_stock_dot",
        "defects/test_06_deactivated_people.py::test_refresh_token_of_a_deactivated_person_works_at_stock_dot",
    ),
    "test_device_theft.py": (
        "defects/test_01_device_grant.py::test_code_buys_tokens_for_another_client_at_stock_dot",
        "defects/test_01_device_grant.py::test_code_buys_without_limit_at_stock_dot",
        "defects/test_01_device_grant.py::test_device_of_one_person_is_taken_over_by_another_at_stock_dot",
        "defects/test_01_device_grant.py::test_guessing_is_never_stopped_by_stock_dot",
    ),
    "test_logout_abuse.py": (
        "defects/test_09_logout.py::test_anonymous_logout_at_stock_dot_ends_a_persons_tokens_at_every_app",
    ),
    "test_mix_up.py": (
        "defects/test_10_iss_of_errors.py::test_error_responses_of_stock_dot_name_no_issuer",
        "defects/test_17_clear_storage.py::test_answer_of_stock_dot_names_no_issuer",
    ),
    "test_page_headers.py": (
        "defects/test_19_pages.py::test_consent_page_of_stock_dot_may_be_kept_and_names_no_frame_ancestors",
    ),
    "test_pkce_downgrade.py": ("defects/test_17_clear_storage.py::test_plain_challenge_passes_stock_dot",),
    "test_refresh_replay.py": (
        "defects/test_17_clear_storage.py::test_replayed_refresh_token_leaves_its_family_alive_at_stock_dot",
    ),
    "test_review_state.py": (
        "defects/test_15_registration.py::test_anybody_registers_an_application_with_every_scope_at_stock_dot",
    ),
    "test_secrets_in_admin.py": (
        "defects/test_14_admin.py::test_pages_of_stock_dot_show_the_hash_as_the_secret",
        "defects/test_17_clear_storage.py::test_tokens_codes_and_nonces_are_stored_in_clear_by_stock_dot",
    ),
    "test_slow_secrets.py": ("defects/test_13_slow_secrets.py::test_every_call_to_stock_dot_hashes_slowly",),
    "test_token_confusion.py": (
        "defects/test_07_id_token_as_bearer.py::test_id_token_opens_resources_of_stock_dot",
        "defects/test_17_clear_storage.py::test_token_in_a_query_passes_stock_dot",
    ),
}

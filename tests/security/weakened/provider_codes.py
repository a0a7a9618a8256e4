"""Builds that are careless with redirect URIs, PKCE and codes."""

from tests.security.weakened.registry import Build, weakens


@weakens(
    "test_code_replay.py::TestCodeReplay::test_second_use_is_refused_and_kills_what_the_first_bought",
    "test_code_replay.py::TestCodeReplay::test_replay_kills_what_was_refreshed_since",
)
def replay_of_a_code_kills_nothing(build: Build) -> None:
    """A code that is used again is refused, and what it bought lives on."""
    build.replace("provider_site.protocol.validator.Validator._punish_replay", lambda *_args, **_named: None)

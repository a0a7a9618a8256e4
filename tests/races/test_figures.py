"""The page says what the kept figures say."""

from tests.races import figures


def test_page_holds_the_table_of_the_kept_figures() -> None:
    assert figures.page() == figures.PAGE.read_text(encoding="utf-8")


def test_every_kept_race_had_its_rounds_and_no_failure_of_the_server() -> None:
    for name, kept in figures.read().items():
        assert kept["rounds"] > 0
        assert not any(outcome.startswith("5") for outcome in kept["outcomes"]), name

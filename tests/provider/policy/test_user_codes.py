"""policy/user_codes.py."""

import pytest

from provider_site.policy import user_codes


def test_new_codes_differ_and_are_read_as_shown() -> None:
    codes = {user_codes.new() for _number in range(200)}
    assert len(codes) == 200
    for code in codes:
        assert user_codes.read(user_codes.display(code)) == code


def test_every_letter_of_the_alphabet_is_drawn() -> None:
    assert set("".join(user_codes.new() for _number in range(300))) == set(user_codes.ALPHABET)


@pytest.mark.parametrize(
    "typed",
    [
        "WDJB-MJHT",
        "wdjbmjht",
        "  wdjb   mjht ",
        "WDJB\N{EN DASH}MJHT",
        "WDJB\N{MINUS SIGN}MJHT",
        "WDJB_MJHT.",
        "W D J B M J H T",
        "\N{FULLWIDTH LATIN CAPITAL LETTER W}DJB\N{FULLWIDTH HYPHEN-MINUS}MJHT",
        "WDJB\N{IDEOGRAPHIC SPACE}MJHT",
        "\N{ZERO WIDTH SPACE}WDJB-MJHT",
        "WDJ8-MJHT",
        "WDJ\N{CYRILLIC SMALL LETTER VE}-\N{CYRILLIC CAPITAL LETTER EM}JHT",
        "WDJB-\N{GREEK CAPITAL LETTER MU}JHT",
    ],
)
def test_code_is_read_however_it_is_typed(typed: str) -> None:
    assert user_codes.read(typed) == "WDJBMJHT"


@pytest.mark.parametrize(("typed", "meant"), [("0olI15Uu", "QQLLLSVV"), ("268BBBBB", "ZGBBBBBB")])
def test_look_alikes_are_the_letters_that_were_meant(typed: str, meant: str) -> None:
    assert user_codes.read(typed) == meant


@pytest.mark.parametrize(
    "typed", ["", "-", "WDJB-MJH", "WDJB-MJHTT", "ADJB-MJHT", "日历日历日历日历", "W" * 1000, "\x00"]
)
def test_what_can_be_no_code_is_none(typed: str) -> None:
    assert user_codes.read(typed) is None

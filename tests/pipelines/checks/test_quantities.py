from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longdoc.pipelines.checks.quantities import Place, Scale, agree
from longdoc.pipelines.wording.numerals import quantities

SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
PREFIXES = {"mg": Decimal("0.001"), "g": Decimal(1), "kg": Decimal(1000)}


def agrees(claim: str, source: str) -> bool:
    [ours] = quantities(claim)
    return any(agree(ours, theirs, Place(source)) for theirs in quantities(source))


@settings(deadline=None)
@given(st.text(max_size=200))
def test_quantities_lie_in_their_text_in_order_and_apart(text: str) -> None:
    end = 0
    for one in quantities(text):
        assert end <= one.start < one.end <= len(text)
        end = one.end


@settings(deadline=None)
@given(st.integers(2, 999), st.sampled_from(sorted(SCALES)), st.sampled_from(sorted(SCALES)))
def test_a_scale_is_what_it_multiplies_by(number: int, one: str, other: str) -> None:
    said = f"${number} {one}"
    assert agrees(said, f"${number * SCALES[one]:,}")
    assert agrees(said, f"{number} {other} dollars") == (one == other)


@settings(deadline=None)
@given(st.integers(2, 10**6), st.sampled_from(sorted(PREFIXES)), st.sampled_from(sorted(PREFIXES)))
def test_units_of_one_dimension_are_compared_by_their_size(number: int, one: str, other: str) -> None:
    held = number * PREFIXES[one] / PREFIXES[other]
    assert agrees(f"{number} {one}", f"{held:f} {other}")
    assert agrees(f"{number} {one}", f"{number} {other}") == (one == other)


@pytest.mark.parametrize(
    ("caption", "factor", "money"),
    [
        ("(In millions)", 10**6, ""),
        ("(in thousands, except per share data)", 10**3, ""),
        ("($ in billions)", 10**9, "money:$"),
        ("Amounts in millions of euros", 10**6, "money:EUR"),
        ("Revenue by region", None, ""),
        ("Two million people live here.", None, ""),
    ],
)
def test_a_caption_gives_its_rows_their_scale(caption: str, factor: int | None, money: str) -> None:
    scale = Scale.of(caption)
    assert (scale and scale.factor, scale.money if scale else "") == (factor, money)


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("at most 40 men", -1),
        ("no more than 40", -1),
        ("at least 40", 1),
        ("40 or more", 1),
        ("over 40", 2),
        ("under 40", -2),
    ],
)
def test_bounds_are_read_on_either_side(text: str, bound: int) -> None:
    assert [one.bound for one in quantities(text)] == [bound]

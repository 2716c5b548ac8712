from __future__ import annotations

import time

from longdoc.pipelines.units.find import units_of
from longdoc.pipelines.units.rows import lined


def test_lines_that_bars_part_have_the_names_above_them_without_a_rule() -> None:
    text = """\
Rents in the harbour were as follows (in thousands):
 |  | Years ended | \n | 2019 | 2018 | 2017
Sheds | $ 452 | $ 146 | $ 36
Boats | 44 | 56 | 70
 | 496 | 202 | 106
Name | Year | Built by
Anna | 1989 | Lee
Cora | 1990 | Vane, Lee
Dora | 1991 | Lee"""
    said = [unit.text for unit in units_of(text) if unit.kind == "row"]
    assert said == [
        "Sheds: 2019 $ 452; 2018 $ 146; 2017 $ 36",
        "Boats: 2019 44; 2018 56; 2017 70",
        "496; 202; 106",
        "Anna: Year 1989; Built by Lee",
        "Cora: Year 1990; Built by Vane, Lee",
        "Dora: Year 1991; Built by Lee",
    ]


def test_a_second_table_right_below_has_its_own_names() -> None:
    first = "(In tonnes) | 2018 | Added\nSalt | 5 | 1\nWool | 7 | 2\n"
    text = f"{first}(In tonnes) | 2019 | Added\nSalt | 6 | 3\nWool | 9 | 4\n"
    said = [unit.text for unit in units_of(text) if unit.kind == "row"]
    assert said[-1] == "Wool: 2019 9; Added 4"
    assert "Wool: 2018 7; Added 2" in said


def test_lines_that_begin_alike_cost_as_much_as_they_are_long() -> None:
    def cost(times: int) -> float:
        began = time.process_time()
        found = sum(1 for _ in lined("INFO | started\n" * times))
        assert not found
        return time.process_time() - began

    assert min(cost(16000) for _ in range(2)) < 10 * max(cost(4000), 0.01)

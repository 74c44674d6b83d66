"""Long lines of generated code are broken as a formatter breaks them."""

from __future__ import annotations

import pytest

from tnlang.lower.layout import wrapped

CHAIN = "part.reshape(self.bond, self.bond, self.phys).permute(2, 0, 1)"
LONG = "self.reshape_of_the_first(self.bond, self.bond, self.bond, self.phys)"


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        (f"    value = {CHAIN}", [f"    value = {CHAIN}"]),
        (
            f"    value_ = {CHAIN}.reshape(self.bond * self.phys, self.bond)",
            [
                "    value_ = (",
                "        part.reshape(self.bond, self.bond, self.phys)",
                "        .permute(2, 0, 1)",
                "        .reshape(self.bond * self.phys, self.bond)",
                "    )",
            ],
        ),
        (
            f"value = torch.mm({CHAIN}.reshape(self.bond * self.phys**2 * self.bond, self.bond).T, x)",
            [
                "value = torch.mm(",
                "    part.reshape(self.bond, self.bond, self.phys)",
                "    .permute(2, 0, 1)",
                "    .reshape(self.bond * self.phys**2 * self.bond, self.bond)",
                "    .T,",
                "    x,",
                ")",
            ],
        ),
        (
            f"value = {CHAIN}.reshape(self.bond * self.phys**2 * self.bond, self.bond).mT",
            [
                "value = (",
                "    part.reshape(self.bond, self.bond, self.phys)",
                "    .permute(2, 0, 1)",
                "    .reshape(self.bond * self.phys**2 * self.bond, self.bond)",
                "    .mT",
                ")",
            ],
        ),
        (
            f"x = self.apart({LONG} - {LONG}, frozen)",
            ["x = self.apart(", f"    {LONG}", f"    - {LONG},", "    frozen,", ")"],
        ),
        (
            f"x = f({LONG} * {LONG})",
            ["x = f(", f"    {LONG}", f"    * {LONG}", ")"],
        ),
    ],
)
def test_hand_written(line: str, rows: list[str]) -> None:
    assert wrapped(line) == rows

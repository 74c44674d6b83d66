"""The scales of norms: one name for each in the reference, the module, frozen nets and plots."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import tnlang
from tnlang.reference import execute

TEXTS = {
    "one": ("y[p, i] = layernorm[i](x[p, i])", ["scale"]),
    "named": ("y[p, i] = layernorm[i](x[p, i]) as ln", ["scale"]),
    "one in another": ("y[p, i] = layernorm[i](tanh(rmsnorm[i](x[p, i])))", ["scale_2", "scale"]),
    "two factors": ("y[p, i] = layernorm[i](x[p, i]) rmsnorm[i](x[p, i])", ["scale", "scale_2"]),
    "two lines": (
        "a[p, i] = rmsnorm[i](x[p, i]); y[p, i] = rmsnorm[i](a[p, i] a[p, i])",
        ["scale", "scale_2"],
    ),
    "its own value": ("scale[p] = mean[i](x[p, i]); y[p, i] = layernorm[i](x[p, i]) scale[p]", ["scale"]),
    "stream": ("stream s = x; s[p, i] += tanh(layernorm[i](s[p, i])); y = s", ["scale"]),
    "turns": (
        "stream s = x; repeat l in 0..2 { s[p, i] += rmsnorm[i](s[p, i]); s[p, i] += layernorm[i](s[p, i]) }"
        "; y = s",
        ["scale.0", "scale_2.0", "scale.1", "scale_2.1"],
    ),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_scale_has_one_name_everywhere(case: str, tmp_path: Path) -> None:
    text, scales = TEXTS[case]
    file = tmp_path / "norms.tn"
    file.write_text(
        f"dim seq, n = 4\nnet f(x[seq, n]) -> y[seq, n] {{ {text} }}\n"
        "net g(x[seq, n]) -> y[seq, n] { y = f(x) }\nnet h = freeze(g, *.scale)\n"
    )
    program = tnlang.load(file)
    x = torch.randn(3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    module, frozen = (program.nets[name].module().double() for name in ("g", "h"))
    y, cache = module.run_with_cache(x)
    found = [name.removeprefix("f.") for name in cache if ".scale" in name]
    assert found == scales
    assert list(execute(program.ir, "g", {"x": x.numpy()}).cache) == list(cache)
    assert sorted(frozen.frozen) == sorted(f"f.{name}" for name in scales)
    assert torch.allclose(frozen(x, frozen=cache), y, rtol=0, atol=1e-12)
    for name in found:
        assert program.nets["g"].legs(f"f.{name}") == ("p",)

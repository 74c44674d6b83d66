"""What a figure adds to what it draws: captions of terms, cuts, outlines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tnlang.elaborate.brackets import draft_bracket
from tnlang.elaborate.drafts import Tip
from tnlang.elaborate.lookup import find_known
from tnlang.elaborate.scope import Scope, near
from tnlang.ir.net import Bracket, Origin, Sum, Term
from tnlang.ir.program import Cut, CutPlace, Draw, Equation, Outline, Rewriting, Steps
from tnlang.source import Span
from tnlang.syntax import ast

Item = Draw | Equation | Rewriting | Steps
PathText = Callable[[ast.Path], str]
"""A path as text; "" after a mistake, which is reported."""


def caption_of(item: ast.FigureDecl | ast.Draw | ast.Equation | ast.Steps) -> str:
    """The text after an item, "" without one."""
    return item.caption.value if item.caption is not None else ""


def taken_captions(expr: ast.Expr) -> tuple[ast.Expr, dict[Span, str]]:
    """An expression without the captions of its terms, and those captions by the span of their brackets."""
    captions: dict[Span, str] = {}

    def taken(term: ast.Expr) -> ast.Expr:
        if not isinstance(term, ast.Parens) or term.caption is None or term.bracket is not None:
            return term
        captions[term.span] = term.caption.value
        return replace(term, caption=None)

    if isinstance(expr, ast.Sum):
        terms = tuple(replace(term, value=taken(term.value)) for term in expr.terms)
        return replace(expr, terms=terms), captions
    return taken(expr), captions


def captioned(body: Sum, captions: dict[Span, str]) -> Sum:
    """The sum with the captions on the brackets of its terms."""

    def with_caption(term: Term) -> Term:
        match term.nodes:
            case (Bracket() as node,) if node.origin.span in captions:
                return replace(term, nodes=(replace(node, caption=captions[node.origin.span]),))
            case _:
                return term

    return replace(body, terms=tuple(map(with_caption, body.terms))) if captions else body


def refuse_caption(captioned: ast.Parens | ast.TransformValue, scope: Scope) -> bool:
    """Report a caption of what a figure does not draw by itself. Whether there is one."""
    if captioned.caption is None:
        return False
    if isinstance(captioned, ast.Parens):
        message = "a caption belongs to a whole term of what a figure draws"
        hint = '`draw (A[i, j] B[j, k] "one path") + (C[i, k] "another")`'
    else:
        message = "a caption belongs to a net in a row of `steps`"
        hint = '`steps contract(net "two matrices", A, B) "one"`'
    scope.diagnostics.error("TN807", message, captioned.caption.span, hint=hint)
    return True


def marked(
    items: list[Item],
    marks: list[tuple[int, ast.Cut | ast.Outline]],
    names: set[str],
    path: PathText,
    scope: Scope,
) -> list[Item]:
    """The items with the cuts and outlines that stand after them (after how many of them)."""
    done = list(items)
    for after, mark in marks:
        known = done[after - 1] if after else None
        if not isinstance(known, Draw | Equation | Rewriting):
            what = "cut" if isinstance(mark, ast.Cut) else "outline"
            hint = f"`draw A[i, j] B[j, k]; {what} {'j' if what == 'cut' else 'A, B'}`"
            message = f"`{what}` stands after the draw, equation or row of nets that it marks"
            scope.diagnostics.error("TN807", message, mark.span, hint=hint)
            continue
        match mark:
            case ast.Cut(places=uses):
                places = tuple(_cut_places(uses, names, path, scope))
                if places:
                    known = replace(known, marks=(*known.marks, Cut(places, origin=Origin(mark.span))))
            case ast.Outline(paths=paths):
                texts = tuple(text for text in map(path, paths) if text)
                if texts:
                    known = replace(known, marks=(*known.marks, Outline(texts, origin=Origin(mark.span))))
        done[after - 1] = known
    return done


def _cut_places(
    uses: tuple[ast.Use, ...], names: set[str], path: PathText, scope: Scope
) -> Iterator[CutPlace]:
    for use in uses:
        text = path(use.path)
        if not text:
            continue
        if use.bracket is None:
            yield CutPlace(text)
            continue
        drafts = draft_bracket(use.bracket, scope)
        tensor = find_known(use.path, scope)
        called = {leg.name for leg in tensor.legs or ()} if tensor is not None else set()
        legs = []
        for index in drafts or ():
            if not isinstance(index, Tip):
                scope.diagnostics.error("TN807", "a cut names the wires on one side of it", use.span)
                break
            if index.name[0] not in names | called:
                message = f"no wire of this figure, and no leg of {text}, is called {index.text}"
                scope.diagnostics.error("TN800", message, index.span, hint=near(index.name[0], names))
                break
            legs.append(index.text)
        else:
            if legs:
                yield CutPlace(text, tuple(legs))

"""From expressions to shapes: every node of the IR becomes a shape, an enclosure or a wire of a Builder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from tnlang.draw.diagram import Shape
from tnlang.draw.view import names, scalars
from tnlang.draw.view.build import Builder
from tnlang.draw.view.definitions import TIE, Definitions
from tnlang.draw.view.sums import conjugated, ends_legs, falls_apart, flattened, function_label, sole_bubble
from tnlang.draw.view.values import Uses
from tnlang.draw.view.wiring import (
    Frame,
)
from tnlang.ir.inline import in_place
from tnlang.ir.net import (
    BigSum,
    Bind,
    Bracket,
    Bubble,
    Decl,
    Frozen,
    Node,
    Number,
    Ref,
    SizeNumber,
    Special,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.walk import free_wires, new_id, node_wires
from tnlang.source import Span

_ON_WIRES = ("sigma", "dot", "fork", "clip", "onehot", "shift")
"""What has no place for a line of its own: a sign, and what lies on wires."""


class Emitter(Definitions):
    """Draws expressions into a builder. ``compose`` writes nested functions in one badge."""

    def __init__(self, builder: Builder, uses: Uses, *, compose: bool, stations: bool) -> None:
        super().__init__(builder, uses, stations=stations)
        self.compose = compose

    def total(
        self,
        body: Sum,
        frame: Frame,
        *,
        multiplied: bool = False,
        whole: bool = False,
        name: str = "",
        span: Span | None = None,
    ) -> int | None:
        """Draw a sum whose kept wires have joints in the frame. Returns its plus, if it has one.

        A sum that is ``multiplied`` on, or has a name, gets a bracket. A single term is drawn as it stands,
        in an outline if it is to be told as a ``whole`` from what stands beside it.
        """
        terms = flattened(body)
        if len(terms) == 1:
            (term,) = terms
            if whole:
                frame = self._outlined(term, [w for w in free_wires(term) if w in frame.env], frame)
            self.term(term, frame, multiplied=multiplied, name=name)
            return None
        if multiplied:
            where = span or body.origin.span
            bracket = self.builder.enclosure(
                "bracket", frame.scope.math(name) if name else "", frame.inside, name=name, span=where
            )
            frame = replace(frame, inside=bracket)
        kept = [[w for w in free_wires(term) if w in frame.env] for term in terms]
        joints = {w: self.builder.find(frame.env[w]) for ws in kept for w in ws}
        met = Counter(joints.values())
        shared = [
            wire
            for wire, joint in joints.items()
            if sum(wire in ws for ws in kept) > 1
            or met[joint] > 1
            or not (multiplied or self.builder.may_pass_by(joint))
        ]
        if any(not set(ws) & set(shared) for ws in kept):
            shared = list(joints)
        plus = self.builder.shape(
            Shape(0, "plus", "+", role="add", inside=frame.inside, told="(sum)", span=body.origin.span)
        )
        for place, (term, wires) in enumerate(zip(terms, kept, strict=True), 1):
            env = dict(frame.env)
            brought = []
            for wire in shared:
                if wire in wires:
                    env[wire] = self.builder.joint()
                    name = f"{'-' * is_taken_away(term)}{place}.{wire.text}"
                    brought.append(self.builder.leg(plus, env[wire], wire, name))
            inner = replace(frame, env=env)
            if brought:
                less = len(wires) < max(map(len, kept))
                self.added(term, inner, wires, plus, brought[0], bias=less)
            else:
                brought.append(self._number_term(term, inner, plus, place))
            self.builder.term(plus, tuple(brought))
        for wire in shared:
            self.builder.leg(plus, frame.env[wire], wire)
        return plus

    def added(
        self, term: Term, frame: Frame, wires: Sequence[Wire], plus: int, leg: int, *, bias: bool = False
    ) -> None:
        """Draw a term of a plus, whose first leg it takes is ``leg``.

        What is taken away has a minus at its line.
        """
        if is_taken_away(term):
            self.builder.subtracted.add((plus, leg))
            term = replace(term, coefficient=1)
        self.term(term, self._outlined(term, wires, replace(frame, solid=True)), bias=bias)

    def _outlined(self, term: Term, wires: Sequence[Wire], frame: Frame) -> Frame:
        """The place for a term: in an outline where it has a factor that no wire ties to it, or a big sum.

        So one sees how far they reach.
        """
        made = self._made_of(term, frame)
        apart = falls_apart(self._product(term, frame), wires)
        if not apart and not any(isinstance(node, BigSum) for node in made.nodes):
            return frame
        for node in made.nodes:  # a running stream would leave what is multiplied with it alone in there
            if isinstance(node, Tensor) and (found := frame.scope.resolve(node.ref, frame.versions)):
                self.halt(found)
        return self._in_outline(term, frame)

    def _in_outline(self, term: Term, frame: Frame) -> Frame:
        span = term.origin.span
        return replace(frame, inside=self.builder.enclosure("bracket", "", frame.inside, span=span))

    def _made_of(self, term: Term, frame: Frame) -> Term:
        """The product that is drawn for a term: that of its one value, where this is drawn in place."""
        match term:
            case Term(nodes=(Tensor(ref=ref, conj=False),), coefficient=1):
                found = self._one_product(ref, frame)
                if found is not None:
                    return self._made_of(found[1], found[2])
        return term

    def _one_product(self, ref: Ref, frame: Frame) -> tuple[Bind, Term, Frame] | None:
        """What binds a value that is drawn in place, if it is one product, and that, where it is."""
        found = frame.scope.resolve(ref, frame.versions)
        if found is None or not self.in_place(found) or not isinstance(found.statement, Bind):
            return None
        terms = flattened(found.statement.body)
        if len(terms) != 1:
            return None
        return found.statement, terms[0], Frame(found.scope, found.versions, {})

    def _product(self, term: Term, frame: Frame) -> Term:
        """A term with the factors of its brackets, and of values drawn in place, among its own."""
        nodes: list[Node] = []
        coefficient = term.coefficient
        for node in term.nodes:
            match node:
                case Bracket(body=Sum(terms=(inner,))):
                    made = self._product(inner, frame)
                case Tensor(ref=ref, conj=False) if found := self._one_product(ref, frame):
                    bind, inner, where = found
                    total = Sum((self._product(inner, where),))
                    (bracket, *joints), _ = in_place(bind.target.legs, total, node.legs)
                    assert isinstance(bracket, Bracket)
                    (made,) = bracket.body.terms
                    nodes += joints
                case _:
                    nodes.append(node)
                    continue
            nodes += made.nodes
            coefficient *= made.coefficient
        return replace(term, nodes=tuple(nodes), coefficient=coefficient)

    def _number_term(self, term: Term, frame: Frame, plus: int, place: int) -> int:
        """A term without legs in a sum: a line of size 1 ties it to the plus, all of it in an outline."""
        wire, joint = Wire(new_id(), "", 1), self.builder.joint()
        leg = self.builder.leg(plus, joint, wire, f"{'-' * is_taken_away(term)}{place}.{TIE}")
        if is_taken_away(term):
            self.builder.subtracted.add((plus, leg))
            term = replace(term, coefficient=1)
        if all(map(scalars.is_scalar, term.nodes)):
            text = scalars.product(term.nodes, term.coefficient) or "1"
            told = scalars.told(term.nodes, term.coefficient)
            shape = self.builder.shape(Shape(0, "text", text, outline="none", inside=frame.inside, told=told))
        else:
            shape = self.to_tie(term, frame)
        self.builder.leg(shape, joint, wire, TIE)
        return leg

    def to_tie(self, term: Term, frame: Frame) -> int:
        """Draw a term without legs; gives the shape that its line may end on, the outermost of it."""
        before = self.builder.made()
        frame = self._outlined(term, (), frame)
        if frame.inside is None and not self._is_one(term, frame):
            frame = self._in_outline(term, frame)  # its values have their stations outside
        self.term(term, frame)
        shapes, enclosures = self.builder.made_since(before)
        inside = frame.inside if frame.inside is not None else next(iter(enclosures), None)
        paths = {n: self.builder.path(self.builder.shapes[n].inside) for n in shapes}
        mine = [n for n in shapes if inside is None or inside in paths[n]]
        mine = [n for n in mine if self.builder.shapes[n].symbol not in _ON_WIRES]
        if not mine:
            return self.builder.shape(Shape(0, "text", "1", inside=frame.inside, told="(number 1)"))
        return min(mine, key=lambda n: len(paths[n]))

    def _is_one(self, term: Term, frame: Frame) -> bool:
        """Whether a product is one shape or bubble."""
        match self._made_of(term, frame):
            case Term(nodes=(Bubble(),)):
                return True
            case Term(nodes=nodes) if all(map(scalars.is_scalar, nodes)):
                return True
            case Term(nodes=(Tensor(ref=ref),)):
                found = frame.scope.resolve(ref, frame.versions)
                return found is not None and isinstance(found.statement, Decl | Frozen)
        return False

    def term(
        self, term: Term, frame: Frame, *, multiplied: bool = False, name: str = "", bias: bool = False
    ) -> None:
        """Draw a product."""
        env = dict(frame.env)
        for wire in term.summed:
            env[wire] = self.builder.summed(wire, frame.inside)
        frame = replace(frame, env=env)
        closed = [node for node in term.nodes if scalars.is_scalar(node)]
        others = [node for node in term.nodes if not scalars.is_scalar(node)]
        formula = scalars.product(closed, term.coefficient)
        alone = len(others) == 1 and not formula
        if formula or not others:
            text = Shape(0, "text", formula or "1", outline="none", inside=frame.inside)
            told = scalars.told(closed, term.coefficient)
            self.builder.shape(replace(text, told=told, span=term.origin.span))
        for node in others:
            if alone:
                self.node(node, frame, multiplied=multiplied, name=name, bias=bias)
            else:
                self.node(node, frame, multiplied=True, bias=bias)

    def node(self, node: Node, frame: Frame, *, multiplied: bool, name: str = "", bias: bool = False) -> None:
        match node:
            case Tensor():
                self.tensor(node, frame, multiplied=multiplied, bias=bias)
            case Special():
                self.special(node, frame)
            case Bracket(body=body, name=own):
                given = own or name
                self.total(body, frame, multiplied=multiplied or bool(own), name=given, span=node.origin.span)
            case Bubble():
                self.bubble(node, frame)
            case BigSum():
                self.big_sum(node, frame, multiplied=multiplied)
            case Number() | SizeNumber():
                raise AssertionError(node)

    def bubble(self, node: Bubble, frame: Frame) -> None:
        """A function's outline; directly nested ones share it if composed.

        The conjugate of a product has none: its factors are conjugated.
        """
        if node.function == "conj" and not node.name and (factors := conjugated(node.body)) is not None:
            self.total(factors, frame)
            return
        badges, options, chain = [], [], [node]
        scope = frame.scope
        while self.compose:
            inner = sole_bubble(chain[-1])
            if inner is None or ends_legs(chain[-1].function) or ends_legs(inner.function):
                break
            chain.append(inner)
        for bubble in chain:
            badges.append(names.badge(bubble, function_label(scope, bubble.function)))
            if names.options(bubble):
                options.append(names.options(bubble))
        number = self.builder.enclosure(
            names.family(node.function),
            r" \circ ".join(badges),
            frame.inside,
            name=node.name,
            options=r",\ ".join(options),
            told=" of ".join(map(names.function, chain)),
            span=node.origin.span,
        )
        for bubble in chain:
            self.builder.known_as(number, ("function", bubble.function), ("", bubble.name))
        ends = ends_legs(node.function)
        gates = tuple(dict.fromkeys(gate for bubble in chain for gate in bubble.gates))
        outside = dict.fromkeys((*node_wires(node), *(() if ends else gates)))
        env = {wire: self.builder.passage(self.joint(frame, wire), number) for wire in outside}
        for gate in gates:
            if ends:
                env[gate] = self.builder.joint()
                self.builder.end_at_wall(number, env[gate], gate)
            else:
                self.builder.gate(number, env[gate], gate.text)
        self.total(chain[-1].body, replace(frame, env=env, inside=number))

    def big_sum(self, node: BigSum, frame: Frame, *, multiplied: bool) -> None:
        """Σ left of its term; in a bracket where more is multiplied on."""
        if multiplied:
            inside = self.builder.enclosure("bracket", "", frame.inside, span=node.origin.span)
            frame = replace(frame, inside=inside)
        self.builder.shape(
            Shape(
                0,
                "sigma",
                names.big_sign(node.loops),
                outline="none",
                inside=frame.inside,
                told=names.loops(node.loops),
                span=node.origin.span,
            )
        )
        loops = frame.loops | {loop.var for loop in node.loops}
        self.total(node.body, replace(frame, loops=loops))


def is_taken_away(term: Term) -> bool:
    """Whether a term is drawn with a minus at its line."""
    return term.coefficient == -1 and not any(map(scalars.is_scalar, term.nodes))

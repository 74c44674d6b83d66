"""``fold(net, ln)``: the gain and bias of a norm go into the weights that read it, as new tensors."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from tnlang.ir.inline import in_place
from tnlang.ir.net import (
    Bind,
    Bracket,
    Frozen,
    Net,
    Node,
    Number,
    Origin,
    Ref,
    SizeNumber,
    Stmt,
    Sum,
    Tensor,
    Term,
    Value,
)
from tnlang.ir.normal import elide_deltas
from tnlang.ir.slots import dotted
from tnlang.ir.walk import copy, free_wires, fresh_wire, map_children, node_wires, refs, rename, splice, walk
from tnlang.transforms.contract import as_one
from tnlang.transforms.dead import needed_for
from tnlang.transforms.expand.products import multiplied_out
from tnlang.transforms.flat_names import is_net
from tnlang.transforms.flatten import Flat, flatten
from tnlang.transforms.fold.centre import KINDS, centre
from tnlang.transforms.renew import renew
from tnlang.transforms.request import Request, TransformError, ValuePath, elsewhere, show_path
from tnlang.transforms.residual import residual
from tnlang.transforms.turns import turns_there_are

RULE = "fold"
_USAGE = "`fold(model, ln)`: a net that is called, a call, or a value"


def fold(request: Request) -> tuple[Net, ...]:
    """The net with the parameters of the values that are named multiplied into the weights that read them.

    A path names a net that is called (all its calls), a call, or a bound value: y = n g + b, with n what is
    computed and g, b parameters. A product W y becomes W' n + b', with the tensors W' = W g and b' = W b (and
    other parameters that stand beside it added to b'). Where no weight reads y it stays. The net is written
    out flat, its parameters keep their state_dict names, W' and b' are tensors that ``prepare`` makes.
    ``centre`` are some of ``reading``, ``writing`` and ``unembed`` (centre.py); the last changes the outputs,
    and the net's note says so.
    Raises TransformError for a path that names nothing, or that no weight reads, and for other options.
    """
    kinds = _kinds(request)
    if not (request.paths or kinds) or request.arrows:
        raise TransformError("fold takes the norms that are folded", _USAGE)
    net = request.program.net(request.net)
    flat = flatten(request.program, net)
    streams = residual(request.program, net, flat) if "writing" in kinds else []
    chosen: dict[str, None] = {}
    for number, path in enumerate(request.paths):
        found = [name for name in flat.definitions() if _is_meant(name, path, flat)]
        if not found:
            known = sorted({place.split(".")[0] for place, _ in flat.makers.values()} | set(_nets(flat)))
            hint = elsewhere(path[-1].name, known, "its calls and nets")
            there = turns_there_are(request.program, net, path)
            raise TransformError(f"{request.net} has no norm or value {show_path(path)}{there}", hint, number)
        chosen |= dict.fromkeys(found)
    work = _Folding(flat, _parameters(request, flat))
    for name in chosen:
        work.fold(name)
    if request.paths and not work.pairs and not work.biases:
        said = show_path(request.paths[0])
        if not work.found:
            hint = "name a norm or a value that parameters multiply: `y = gain n + bias`"
            raise TransformError(f"{said} has no parameters: there is nothing to fold", hint, 0)
        hint = "a weight reads it in a product that sums the legs of the gain: `W[v, d] y[p, d]`"
        raise TransformError(f"no weight reads {said} by a leg that its parameters have", hint, 0)
    outputs = [replace(o, name=n, subs=()) for o, n in zip(net.outputs, flat.outputs, strict=True)]
    made = replace(net, name=request.name, owned=tuple(flat.owned), body=tuple(flat.body))
    for weight, parameter in work.pairs:
        name = dotted(weight.name, [sub for sub in weight.subs if isinstance(sub, int)])
        made = as_one(made, (weight, parameter), work.named(f"{name}'"))
    kept = needed_for([s for s in made.body if isinstance(s, Bind | Frozen)], {o.name for o in outputs})
    if kinds:
        kept = centre(kept, (*request.program.declarations, *flat.owned), outputs, streams, kinds)
        kept = needed_for(kept, {output.name for output in outputs})
    body: tuple[Stmt, ...] = renew(tuple(kept))
    if "unembed" in kinds:
        less = [f"{output.name} is given less its mean over {output.legs[-1].name}" for output in outputs]
        made = replace(made, note="; ".join([*([net.note] if net.note else []), *less]))
    return (replace(made, outputs=tuple(outputs), body=body, source=net.source or net.name),)


def _kinds(request: Request) -> tuple[str, ...]:
    """What the option ``centre`` names."""
    for name in request.options:
        if name != "centre":
            raise TransformError(
                f"fold has no option {name}", f"there is centre: `centre = ({', '.join(KINDS)})`"
            )
    asked = request.options.get("centre", ())
    paths = asked if isinstance(asked, tuple) else (asked,)
    names = tuple(str(*path) if isinstance(path, tuple) and len(path) == 1 else str(path) for path in paths)
    if "centre" in request.options and (not names or not set(names) <= set(KINDS)):
        raise TransformError(
            "centre names what is centred", f"`centre = ({', '.join(KINDS)})`, or some of these"
        )
    return names


def _nets(flat: Flat) -> Iterator[str]:
    return (net for _, net in flat.makers.values())


def _is_meant(name: str, path: ValuePath, flat: Flat) -> bool:
    """Whether a value is named by a path: by its own name, its call's, or that of the net that is called."""
    if _ends_with(name, path):
        return True
    place, net = flat.makers.get(name, ("", ""))
    return bool(place) and (_ends_with(place, path) or is_net(path, net))


def _ends_with(name: str, path: ValuePath) -> bool:
    """Whether a dotted name ends as a path does; subscripts that are not said may be any."""
    parts: list[tuple[str, list[int]]] = []
    for part in name.split("."):
        if part.isdecimal() and parts:
            parts[-1][1].append(int(part))
        else:
            parts.append((part.split("#")[0], []))
    return len(parts) >= len(path) and all(
        step.name == part and step.subs in (None, tuple(subs))
        for step, (part, subs) in zip(path, parts[-len(path) :], strict=True)
    )


@dataclass(slots=True)
class _Folding:
    """``pairs`` are a weight and the parameter that is multiplied into it, ``biases`` the tensors made.

    ``folded`` are the parameters of the value that is folded now, ``found`` those of all.
    """

    flat: Flat
    parameters: set[str]
    pairs: dict[tuple[Ref, Ref], None] = field(default_factory=dict)
    biases: list[str] = field(default_factory=list)
    folded: set[str] = field(default_factory=set)
    found: set[str] = field(default_factory=set)
    made: list[Bind] = field(default_factory=list)

    def fold(self, name: str) -> None:
        """Write the value into the products of weights that read it."""
        definition = self.flat.definitions()[name]
        split, parts = self.split(definition)
        if not self.folded:
            return
        body: list[Bind | Frozen] = []
        for statement in self.flat.body:
            if statement is definition:
                body += [*parts, split]
            elif isinstance(statement, Bind) and any(ref.name == name for ref in refs(statement)):
                new = replace(statement, body=self.total(statement.body, split))
                body += [*self.made, new]
                self.made.clear()
            else:
                body.append(statement)
        self.flat.body = body

    def split(self, definition: Bind) -> tuple[Bind, list[Bind]]:
        """The definition with all that is computed in each product as one value; and these values."""
        parts: list[Bind] = []
        terms = []
        self.folded = set()
        for term in _opened(definition.body, self.parameters).terms:
            own = [node for node in term.nodes if self.is_parameter(node)]
            scalars = [node for node in term.nodes if isinstance(node, Number | SizeNumber)]
            rest = [n for n in term.nodes if not any(n is other for other in (*own, *scalars))]
            self.folded |= {node.ref.name for node in own if isinstance(node, Tensor)}
            self.found |= self.folded
            if len(rest) < 2 and all(isinstance(node, Tensor) for node in rest):
                terms.append(term)
                continue
            shown = {wire for node in rest for wire in node_wires(node)}
            others = {wire for node in own for wire in node_wires(node)}
            kept = tuple(
                w
                for w in dict.fromkeys(wire for node in rest for wire in node_wires(node))
                if w not in term.summed or w in others
            )
            outer = {wire: fresh_wire(wire) for wire in kept}
            inner = tuple(wire for wire in term.summed if wire in shown and wire not in kept)
            origin = Origin(term.origin.span, (*term.origin.rules, RULE))
            product = copy(rename(Sum((Term(tuple(rest), inner, origin=origin),)), dict(outer)))
            name = self.named(".".join((*definition.target.name.split(".")[:-1], "normal")))
            value = Value(name, tuple(outer.values()), (), tuple(wire.text for wire in kept))
            parts.append(Bind(value, product, origin=origin))
            nodes = (Tensor(Ref(name), kept, origin=origin), *scalars, *own)
            terms.append(replace(term, nodes=nodes, summed=tuple(w for w in term.summed if w not in inner)))
        return replace(definition, body=replace(definition.body, terms=tuple(terms))), parts

    def is_parameter(self, node: Node) -> bool:
        return isinstance(node, Tensor) and node.ref.name in self.parameters

    def named(self, name: str) -> str:
        """A name that no value has."""
        taken = {s.target.name for s in self.flat.body} | {d.name for d in self.flat.owned}
        taken |= {bind.target.name for bind in self.made} | set(self.biases)
        tried = itertools.chain([name], (f"{name}_{n}" for n in itertools.count(2)))
        return next(one for one in tried if one not in taken)

    def total(self, old: Sum, definition: Bind) -> Sum:
        """The sum with the value written into products of weights, and what parameters alone give as one."""
        written: list[Term] = []
        terms: list[Term] = []
        for term in old.terms:
            nodes = tuple(map_children(n, lambda inner: self.total(inner, definition)) for n in term.nodes)
            now = replace(term, nodes=nodes)
            found = self.term(now, definition)
            terms += found
            written += found if found != (now,) else ()
        constant = [t for t in terms if t.nodes and all(map(self.is_parameter, t.nodes))]
        if any(term in written for term in constant):
            one = self.bias(constant)
            place = terms.index(constant[0])
            terms = [t for t in terms if not any(t is other for other in constant)]
            terms.insert(min(place, len(terms)), one)
        return replace(old, terms=tuple(terms))

    def term(self, old: Term, definition: Bind) -> tuple[Term, ...]:
        """The terms of a product of weights with the value; the product itself if it is none."""
        name = definition.target.name
        for position, node in enumerate(old.nodes):
            if not (isinstance(node, Tensor) and node.ref == Ref(name) and self.weights(old, node)):
                continue
            used, joined = in_place(definition.target.legs, definition.body, node.legs, conj=node.conj)
            marked = [_marked(new, node) for new in used]
            new = replace(
                old,
                nodes=(*old.nodes[:position], *marked, *old.nodes[position + 1 :]),
                summed=(*old.summed, *joined),
            )
            terms = tuple(map(self.turned, multiplied_out(Sum((elide_deltas(new),)), only=RULE).terms))
            for term in terms:
                self.note(term)
            return tuple(part for term in terms for part in self.term(term, definition))
        return (old,)

    def turned(self, term: Term) -> Term:
        """The term with weights before what is multiplied into them, so that the tensors have their legs."""
        last = [n for n in term.nodes if isinstance(n, Tensor) and n.ref.name in self.folded]
        first = (node for node in term.nodes if not any(node is other for other in last))
        return replace(term, nodes=(*first, *last))

    def weights(self, term: Term, used: Tensor) -> list[Tensor]:
        """The parameters of a product that sum a leg with a use of the value."""
        wires = set(node_wires(used)) & set(term.summed)
        found = [node for node in term.nodes if isinstance(node, Tensor) and self.is_parameter(node)]
        return [node for node in found if wires & set(node_wires(node))]

    def note(self, term: Term) -> None:
        """Which weights of a product become one tensor with the folded parameters in it."""
        if all(map(self.is_parameter, term.nodes)):
            return
        for node in term.nodes:
            if isinstance(node, Tensor) and node.ref.name in self.folded:
                for weight in self.weights(term, node):
                    if weight.ref.name not in self.folded:
                        self.pairs[weight.ref, node.ref] = None

    def bias(self, terms: list[Term]) -> Term:
        """The sum of terms that parameters alone give, as one tensor that is bound before."""
        wires = free_wires(Sum(tuple(terms)))
        outer = {wire: fresh_wire(wire) for wire in wires}
        origin = Origin(terms[0].origin.span, (*terms[0].origin.rules, RULE))
        body = copy(rename(Sum(tuple(terms), origin=origin), dict(outer)))
        alone = [n.ref.name for t in terms if len(t.nodes) == 1 for n in t.nodes if isinstance(n, Tensor)]
        both = [n.ref.name for n in terms[0].nodes if isinstance(n, Tensor)]
        name = self.named(f"{alone[0]}'" if alone else "·".join(both))
        self.biases.append(name)
        value = Value(name, tuple(outer.values()), (), tuple(wire.text for wire in wires), derived=True)
        self.made.append(Bind(value, body, origin=origin))
        return Term((Tensor(Ref(name), wires, origin=origin),), origin=origin)


def _parameters(request: Request, flat: Flat) -> set[str]:
    """The names of parameters and constants, and of what is made of these alone."""
    decls = (*request.program.declarations, *flat.owned)
    found = {decl.name for decl in decls if decl.kind in ("param", "const")}
    for statement in flat.body:
        read = {ref.name for ref in refs(statement)}
        if isinstance(statement, Bind) and read and read <= found:
            found.add(statement.target.name)
    return found


def _marked(node: Node, used: Tensor) -> Node:
    """A bracket as one of this rule's, at the place of what it stands for."""
    if not isinstance(node, Bracket):
        return node
    return replace(node, origin=Origin(used.origin.span, (*used.origin.rules, RULE)))


def _opened(body: Sum, parameters: Iterable[str]) -> Sum:
    """The sum with brackets multiplied out that hold some of these parameters."""
    names = set(parameters)

    def term(old: Term) -> Iterator[Term]:
        for position, node in enumerate(old.nodes):
            if isinstance(node, Bracket) and any(
                isinstance(inner, Tensor) and inner.ref.name in names for inner in walk(node.body)
            ):
                for inner in node.body.terms:
                    yield from term(copy(Sum((splice(old, position, inner),))).terms[0])
                return
        yield old

    return replace(body, terms=tuple(new for old in body.terms for new in term(old)))

"""Calls of recurrent layers and cells: what goes in and out, and which form of the layer its calls allow.

PyTorch gives ``(output, states)`` whatever is used of it, with states of shape (layers, n, hidden). Keras gives what
its constructor asked for, with states of shape (n, hidden). One layer becomes the other library's own layer where its
calls show that this says the same; otherwise a helper keeps the conventions of the source, and no call changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import libcst as cst

from translator.catalog.entry import Entry
from translator.catalog.load import Alternative
from translator.catalog.pattern import Call
from translator.catalog.unify import Bound, Code, Literal
from translator.infer import dims
from translator.infer.arguments import arguments
from translator.infer.evaluate import raw
from translator.infer.facts import LayerSite, Replace
from translator.infer.frame import Frame
from translator.infer.joins import join
from translator.infer.orders import Place, require
from translator.infer.recurrent_uses import Uses, uses_of
from translator.infer.values import BOTTOM, NONE, Bottom, Dim, Items, LayerAt, Tensor, Unknown, Value
from translator.syntax import dotted, literal

if TYPE_CHECKING:
    from translator.infer.analysis import Analysis

Given = Sequence[tuple[cst.Arg, Value]]
"""The arguments of a call, without ``training``."""

_STATE_NAMES = frozenset({"hx", "initial_state", "states"})


def called(frame: Frame, node: cst.Call, module: LayerAt, given: Given) -> Value | None:
    """A call of recurrent layers or cells; None where they are other layers."""
    sites = [frame.analysis.tables.sites[site] for site in sorted(module.sites, key=frame.analysis.site_order)]
    entries = [site.entry for site in sites]
    if not any(entry is not None and entry.states for entry in entries):
        return None
    if len({_kind(site) for site in sites}) > 1:
        return frame.decline(node, "T102", "recurrent layers of different kinds are called here")
    problem = _problem(given)
    if problem:
        return frame.decline(node, "T102", f"a recurrent layer called with {problem}")
    first = given[0][1]
    if isinstance(first, Bottom):
        return BOTTOM
    if not isinstance(first, Tensor) and not (isinstance(first, Unknown) and first.origins <= frame.env.keys()):
        why = "a recurrent layer called with what is not known to be a tensor"
        return frame.decline(node, "T111", why, hint="packed sequences have no counterpart")
    result: Value = BOTTOM
    for site in sites:
        site.calls[node] = (frame.function, module.sites)
        site.states[node] = _initial(frame, site, given)
        result = join(result, run(frame, site, first, given[0][0].value, node))
    if _is_cell(sites[0].entry) and frame.analysis.source == "torch" and _gives_pairs(sites[0].candidates[0][0]):
        _step(frame, node, sites[0], given)
    return result


def run(frame: Frame, site: LayerSite, x: Value, place: Place, node: cst.CSTNode | None) -> Value:
    """What a recurrent layer gives for ``x``."""
    alternative, bindings = site.candidates[0]
    entry = alternative.entry
    rank = len(next(iter(entry.inputs.values()))[0].dims)
    brought = require(frame, place, x, "source", rank)
    if brought.rank != rank:
        where = node if node is not None else site.node
        return frame.decline(where, "T102", f"{site.api} of a tensor of rank {brought.rank}: only batches are covered")
    site.ranks.add(brought.rank)
    sizes = brought.dims if brought.dims is not None else (*(None,) * (rank - 1), brought.last)
    clean = Tensor(rank, "source", sizes, brought.dtype)
    site.input = clean if isinstance(site.input, Bottom) else join(site.input, clean)
    site.order = "source"
    hidden = _dim(frame.analysis, site, bindings.get("hidden_size"))
    results = _Results(entry, bindings, brought, hidden, node)
    if _gives_pairs(alternative):
        return results.pair()
    found = results.listed()
    return (
        found
        if found is not None
        else frame.decline(
            node or site.node, "T104", f"{site.api}: return_sequences= and return_state= must be literals", site.api
        )
    )


def _kind(site: LayerSite) -> tuple[object, ...]:
    """What layers must have in common to be called at one place: conventions, and of cells the number of states."""
    entry = site.entry
    if entry is None or not entry.states:
        return ("other",)
    return _gives_pairs(site.candidates[0][0]), _is_cell(entry) and entry.states


class _Results:
    """The values that a layer gives by the conventions of either library."""

    def __init__(
        self, entry: Entry, bindings: Mapping[str, Bound], x: Tensor, hidden: Dim, token: cst.CSTNode | None
    ) -> None:
        self.entry, self.bindings, self.x, self.hidden, self.token = entry, bindings, x, hidden, token

    def tensor(self, *sizes: Dim) -> Tensor:
        return Tensor(len(sizes), "source", sizes, "float", token=self.token)

    def pair(self) -> Value:
        """PyTorch's: the output and its states; of a cell the states alone."""
        states = self.entry.states
        if _is_cell(self.entry):
            state = self.tensor(self.x.dim(0), self.hidden)
            return Items((state,) * states) if states > 1 else state
        batch = self.x.dim(0) if _literal(self.bindings, "batch_first", True) is True else None
        out = self.tensor(self.x.dim(0), self.x.dim(1), self._width())
        state = self.tensor(None, batch, self.hidden)
        return Items((out, Items((state,) * states) if states > 1 else state))

    def listed(self) -> Value | None:
        """Keras': the output, and the states if they are asked for; None where it is not known what is asked for."""
        state = self.tensor(self.x.dim(0), self.hidden)
        states = self.entry.states
        if _is_cell(self.entry):
            return Items((state, Items((state,) * states, is_list=True) if states > 1 else Unknown()))
        sequences = _literal(self.bindings, "return_sequences", True)
        with_states = _literal(self.bindings, "return_state", False)
        if not isinstance(sequences, bool) or not isinstance(with_states, bool):
            return None
        leading = (self.x.dim(0), self.x.dim(1)) if sequences else (self.x.dim(0),)
        out = self.tensor(*leading, self._width())
        return Items((out, *((state,) * (states * (2 if _is_double(self.entry) else 1))))) if with_states else out

    def _width(self) -> Dim:
        """The size of the output's last axis: both directions one after the other, unless they are merged."""
        both = _literal(self.bindings, "bidirectional", _is_double(self.entry))
        if both is None:
            return None
        concatenated = both is True and _literal(self.bindings, "merge_mode", "concat") == "concat"
        return dims.multiply(2, self.hidden) if concatenated else self.hidden


def _literal(bindings: Mapping[str, Bound], name: str, default: object) -> object:
    """The value of a setting, ``default`` where the entry has none of that name, None where it is code."""
    bound = bindings.get(name)
    if bound is None:
        return default
    return bound.value if isinstance(bound, Literal) else None


def _is_cell(entry: Entry | None) -> bool:
    return entry is not None and bool(entry.states) and len(next(iter(entry.inputs.values()))[0].dims) == 2


def _is_double(entry: Entry) -> bool:
    """Whether an entry has weights for both directions, whatever its settings say."""
    names = (name for rule in entry.weights.rules for name in rule.torch.names) if entry.weights is not None else ()
    return any(name.endswith("_reverse") for name in names)


def _gives_pairs(alternative: Alternative) -> bool:
    """Whether the source's layer has PyTorch's conventions, as those of torch.nn and our helpers for Keras have."""
    pattern = alternative.pattern
    return isinstance(pattern, Call) and pattern.api.startswith(("torch.nn.", "helpers.keras."))


def _dim(analysis: Analysis, site: LayerSite, bound: Bound | None) -> Dim:
    if isinstance(bound, Literal):
        return bound.value if isinstance(bound.value, int) else None
    return analysis.site_dim(site, bound.node) if isinstance(bound, Code) else None


def _problem(given: Given) -> str:
    """What about the arguments of a call is not covered."""
    if not given or any(arg.star for arg, _ in given):
        return "star-arguments" if given else "nothing"
    if given[0][0].keyword is not None or len(given) > 2:
        return "these arguments"
    keyword = given[1][0].keyword if len(given) > 1 else None
    return f"{keyword.value}=" if keyword is not None and keyword.value not in _STATE_NAMES else ""


def _initial(frame: Frame, site: LayerSite, given: Given) -> tuple[cst.BaseExpression, ...] | None:
    """The initial states that PyTorch's layer is given, one by one; None where they cannot be told apart."""
    if len(given) < 2:
        return ()
    arg, value = given[1]
    if isinstance(value, Tensor) and value.order == "moved":
        require(frame, arg.value, value, "source")
    node, states = arg.value, site.candidates[0][0].entry.states
    parts: Sequence[cst.BaseExpression] = [node]
    if states > 1:
        shown = node.elements if isinstance(node, cst.Tuple | cst.List) else ()
        parts = [element.value for element in shown if isinstance(element, cst.Element)]
    known = all(_is_stack(frame.memo.get(part)) and _selectable(frame, part) for part in parts)
    return tuple(parts) if arg.keyword is None and known and len(parts) == states else None


def _is_stack(value: Value | None) -> bool:
    # Beside a batch of inputs PyTorch takes no other rank.
    return isinstance(value, Tensor) and value.rank in (3, None) and value.order != "moved"


def _selectable(frame: Frame, node: cst.BaseExpression) -> bool:
    """Whether the only layer of a state can be taken by an index, or by leaving out what has added the axis."""
    return (dotted(node) is not None and not _is_optional(frame, node)) or _adds_first_axis(node)


def _is_optional(frame: Frame, node: cst.BaseExpression) -> bool:
    """Whether a name is that of an argument which may be None."""
    return isinstance(node, cst.Name) and frame.function.declared.get(node.value, (None, None))[1] == NONE


def _adds_first_axis(node: cst.CSTNode) -> bool:
    """``h.unsqueeze(0)``"""
    return (
        isinstance(node, cst.Call)
        and isinstance(node.func, cst.Attribute)
        and node.func.attr.value == "unsqueeze"
        and len(node.args) == 1
        and literal(node.args[0].value) == 0
    )


def flattens(frame: Frame, node: cst.Call) -> bool:
    """Whether a call is ``rnn.flatten_parameters()``, which only rearranges memory for cuDNN."""
    if not isinstance(node.func, cst.Attribute) or node.func.attr.value != "flatten_parameters" or node.args:
        return False
    owner = raw(frame, node.func.value)
    sites = [frame.analysis.tables.sites[site] for site in owner.sites] if isinstance(owner, LayerAt) else []
    return bool(sites) and all(site.entry is not None and site.entry.states for site in sites)


def is_cell(frame: Frame, module: LayerAt) -> bool:
    """Whether a layer is a cell that is called as in Keras."""
    sites = [frame.analysis.tables.sites[site] for site in module.sites]
    return all(_is_cell(site.entry) and not _gives_pairs(site.candidates[0][0]) for site in sites)


def initial_state(frame: Frame, node: cst.Call, module: LayerAt) -> Value:
    """``cell.get_initial_state(n)``: zeros, as a list. Our cells for PyTorch have the method, too."""
    arguments(frame, node)
    site = frame.analysis.tables.sites[min(module.sites, key=frame.analysis.site_order)]
    alternative, bindings = site.candidates[0]
    state = Tensor(2, "source", (None, _dim(frame.analysis, site, bindings.get("hidden_size"))), "float", token=node)
    return Items((state,) * alternative.entry.states, is_list=True)


def _step(frame: Frame, node: cst.Call, site: LayerSite, given: Given) -> None:
    """A cell of PyTorch gives its states; that of Keras the output, which is the first state, and the states."""
    states = site.candidates[0][0].entry.states
    item = "[1]" if states > 1 else "[0]"
    if len(given) < 2:
        if dotted(given[0][0].value) is None:
            frame.decline(node, "T102", f"{site.api} called without a state", site.api, hint="give the state")
        else:
            frame.decide(node, Replace("recurrent_first_step", data=item))
        return
    arg, value = given[1]
    optional = _is_optional(frame, arg.value)
    if arg.keyword is not None or value == NONE or (optional and not isinstance(value, Tensor | Items)):
        frame.decline(node, "T102", f"{site.api} called with a state that may be None", site.api, hint="give the state")
        return
    frame.decide(node, Replace("recurrent_item", data=item))


def narrow(analysis: Analysis, site: LayerSite) -> Uses | None:
    """Keep those candidates of a layer that its calls allow; the uses of its results where the native one is left.

    For Keras the constructor then says what the calls use.
    """
    entry = site.entry
    if entry is None or not entry.states or _is_cell(entry):
        return None
    native = [candidate for candidate in site.candidates if _is_native(analysis, candidate[0])]
    uses = uses_of(analysis, site, _is_double(native[0][0].entry)) if native and _is_direct(site) else None
    if uses is None:
        site.candidates = [candidate for candidate in site.candidates if candidate not in native]
    elif analysis.to == "keras":
        settings = {"return_sequences": Literal(uses.sequences), "return_state": Literal(uses.states)}
        site.candidates = [(native[0][0], {**native[0][1], **settings})]
    return uses


def place(analysis: Analysis, site: LayerSite, uses: Uses | None) -> None:
    """Rewrite the uses of a native layer's results."""
    if uses is not None and _is_native(analysis, site.candidates[0][0]):
        for function, node, decision in uses.decisions:
            function.decisions[node] = decision


def _is_native(analysis: Analysis, alternative: Alternative) -> bool:
    """Whether both sides of a case are layers of the libraries themselves."""
    patterns = (*alternative.case.torch[:1], *alternative.case.keras[:1])
    return all(isinstance(p, Call) and not p.api.startswith("helpers.") for p in patterns)


def _is_direct(site: LayerSite) -> bool:
    """Whether every call of a layer is known, and calls nothing else."""
    alone = all(len(sites) == 1 for _, sites in site.calls.values())
    known = site.role == "attribute" and not site.escaped and not site.taken
    return known and alone and bool(site.calls) and site.calls.keys() == site.states.keys()


__all__ = ["called", "initial_state", "is_cell", "narrow", "place", "run"]

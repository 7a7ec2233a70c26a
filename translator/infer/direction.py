"""One direction of translation: what the catalog and the layout say about names, members and axis orders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import takewhile

from translator.catalog.load import Catalog
from translator.catalog.pattern import Call, Ref
from translator.catalog.unify import Bound
from translator.catalog.unify import Literal as BoundLiteral
from translator.infer.values import Order
from translator.model import Framework, Layout

MODULE_BASES = {
    "torch": {"torch.nn.Module"},
    "keras": {"keras.Model", "keras.layers.Layer"},
}
SEQUENTIAL = {"torch": "torch.nn.Sequential", "keras": "keras.Sequential"}
FORWARD = {"torch": "forward", "keras": "call"}
"""The method that computes a module's outputs."""

TRAINING = (
    "torch.optim",
    "torch.utils.data",
    "torch.save",
    "torch.load",
    "torch.autograd",
    "torch.Tensor.backward",
    "torch.nn.CrossEntropyLoss",
    "torch.nn.MSELoss",
    "torch.nn.NLLLoss",
    "torch.nn.functional.cross_entropy",
    "torch.nn.functional.nll_loss",
    "torch.nn.functional.mse_loss",
    "torch.cuda.amp",
    "torch.distributed",
    "torch.manual_seed",
    "keras.optimizers",
    "keras.losses",
    "keras.metrics",
    "keras.callbacks",
    "keras.datasets",
    "keras.preprocessing",
    "tf.data",
    "tf.GradientTape",
    "tf.optimizers",
    "tf.losses",
    "tf.train",
    "torch.no_grad",
)
TRAINING_MEMBERS = frozenset(
    "train compile fit evaluate predict train_on_batch test_on_batch predict_on_batch zero_grad save load_weights "
    "save_weights".split()
)
"""Methods of models that belong to training, prediction and checkpoints."""

TRAINING_METHODS = {
    "torch": frozenset("zero_grad load_state_dict state_dict".split()),
    "keras": frozenset("apply_gradients train_on_batch load_weights save_weights".split()),
}
"""Methods of models and optimizers and of little else: on an unknown object they are reported, too."""

CHANGING_MEMBERS = frozenset("assign assign_add assign_sub".split())
"""Methods of variables that change them."""

_HOOK = re.compile(r"register_\w*hook")
"""Methods that have code called at every call of a module or at every gradient."""

TORCH_MODULE_MEMBERS = frozenset(
    "parameters named_parameters modules named_modules children named_children apply to cuda cpu train eval state_dict "
    "load_state_dict register_buffer register_parameter add_module register_forward_hook register_forward_pre_hook "
    "register_full_backward_hook zero_grad requires_grad_ half float double bfloat16 type get_submodule get_parameter "
    "buffers named_buffers share_memory extra_repr compile".split()
)
KERAS_MODULE_MEMBERS = frozenset(
    "add_weight add_loss add_metric compile fit evaluate predict summary save save_weights load_weights weights "
    "variables trainable_weights trainable_variables non_trainable_weights non_trainable_variables trainable "
    "losses metrics built get_weights set_weights get_layer layers inputs outputs input output dtype "
    "compute_dtype variable_dtype optimizer "
    "train_step test_step predict_step compute_loss train_on_batch export quantize count_params "
    "supports_masking stateful".split()
)


def _last(api: str) -> str:
    return api.rpartition(".")[2].lower()


def _alike(left: str, right: str) -> int:
    """How many letters two names begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))


class Direction:
    """From ``source`` to ``to`` with a layout for what enters and leaves the models."""

    def __init__(self, catalog: Catalog, source: Framework, to: Framework, layout: Layout) -> None:
        self.catalog = catalog
        self.source: Framework = source
        self.to: Framework = to
        self.layout: Layout = layout
        self.moves_boundary = layout == ("channels_last" if to == "keras" else "channels_first")
        self.reserved = catalog.reserved.get(to, frozenset())

    def renamed(self, name: str) -> str:
        """The name that takes the place of a reserved one."""
        return f"{name}_" if name in self.reserved else name

    def channels_last_source(self, bindings: Mapping[str, Bound]) -> bool:
        """Whether a spatial operation of the source works on channels-last tensors."""
        if self.source == "torch":
            return False
        layout, channel = bindings.get("LAYOUT"), bindings.get("CHANNEL")
        if isinstance(layout, BoundLiteral) and layout.value == "channels_first":
            return False
        return not (isinstance(channel, BoundLiteral) and channel.value == 1)

    def target_channels_last(self, order: Order | None) -> bool:
        """Whether a spatial operation in this order works on channels-last tensors in the target."""
        return self.to == "keras" and (order == "moved" if self.source == "torch" else True)

    def reference_target(self, api: str) -> str | None:
        """The counterpart of a bare name, from entries that pair names."""
        for alternative in self.catalog.alternatives(self.source, api):
            if isinstance(alternative.pattern, Ref):
                other = alternative.case.keras if self.to == "keras" else alternative.case.torch
                return other[0].api if isinstance(other[0], Ref) else None
        return None

    def annotation_target(self, api: str) -> str | None:
        """The counterpart of a name in a type hint: also a mapped class stands for its counterpart's class."""
        found = self.reference_target(api)
        if found is not None:
            return found
        if api in MODULE_BASES[self.source]:
            return "keras.layers.Layer" if self.to == "keras" else "torch.nn.Module"
        found = self.namesake(api)
        if found is not None:
            # With a layer of padding beside it, it becomes a Sequential.
            padded = any(c.around for a in self.catalog.alternatives(self.source, api) for c in a.entry.cases)
            return "keras.layers.Layer" if padded and self.to == "keras" else found
        return {"torch.nn.Sequential": "keras.Sequential", "keras.Sequential": "torch.nn.Sequential"}.get(api)

    def namesake(self, api: str) -> str | None:
        """Of the library's classes that a class may become, the one with the most similar name."""
        alternatives = self.catalog.alternatives(self.source, api)
        others = [(a.case.keras if self.to == "keras" else a.case.torch)[0] for a in alternatives]
        names = [other.api for other in others if isinstance(other, Call)]
        found = [name for name in names if ".Lazy" not in name and not name.startswith("helpers.")] or names
        return max(found, key=lambda name: _alike(_last(api), _last(name)), default=None)

    def is_namespace(self, api: str) -> bool:
        return any(name.startswith(f"{api}.") for name in self.catalog.mapped(self.source))

    def missing_code(self, api: str) -> str:
        """T106 for training and data code, T105 for looking names up, else T101."""
        if api.rsplit(".", 1)[-1] in ("get", "deserialize", "serialize", "from_config", "__dict__"):
            return "T105"
        return (
            "T106"
            if any(api == p or api.startswith(f"{p}.") or (api.startswith(p) and p.endswith("Loss")) for p in TRAINING)
            else "T101"
        )

    def member_code(self, name: str, other: str) -> str:
        """T106 for members that train or save, T109 for those that change state in place or hook in, else ``other``."""
        if name in TRAINING_MEMBERS:
            return "T106"
        return "T109" if name in CHANGING_MEMBERS or _HOOK.fullmatch(name) else other

    @property
    def module_base(self) -> str:
        return "nn.Module" if self.source == "torch" else "keras.Model"

    @property
    def module_members(self) -> frozenset[str]:
        return TORCH_MODULE_MEMBERS if self.source == "torch" else KERAS_MODULE_MEMBERS

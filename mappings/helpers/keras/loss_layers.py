"""PyTorch's loss modules as Keras layers that are called in PyTorch's argument order.

Definitions are copied into users' files as they stand; they call the functions of ``losses.py``.
"""

import keras

from mappings.helpers.keras.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cosine_embedding_loss,
    cosine_similarity,
    cross_entropy,
    gaussian_nll_loss,
    hinge_embedding_loss,
    huber_loss,
    kl_div,
    l1_loss,
    margin_ranking_loss,
    mse_loss,
    multi_margin_loss,
    multilabel_soft_margin_loss,
    nll_loss,
    poisson_nll_loss,
    smooth_l1_loss,
    soft_margin_loss,
    triplet_margin_loss,
)


class CrossEntropyLoss(keras.layers.Layer):
    """``cross_entropy`` with settings of its own, as a layer."""

    def __init__(self, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0, **kwargs):
        super().__init__(**kwargs)
        self.weight = None if weight is None else keras.Variable(weight, trainable=False, name="weight")
        self.ignore_index, self.reduction, self.label_smoothing = ignore_index, reduction, label_smoothing

    def call(self, x, target):
        return cross_entropy(
            x,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(keras.layers.Layer):
    """``nll_loss`` with settings of its own, as a layer."""

    def __init__(self, weight=None, ignore_index=-100, reduction="mean", **kwargs):
        super().__init__(**kwargs)
        self.weight = None if weight is None else keras.Variable(weight, trainable=False, name="weight")
        self.ignore_index, self.reduction = ignore_index, reduction

    def call(self, x, target):
        return nll_loss(x, target, weight=self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class BCELoss(keras.layers.Layer):
    """``binary_cross_entropy`` with settings of its own, as a layer."""

    def __init__(self, weight=None, reduction="mean", **kwargs):
        super().__init__(**kwargs)
        self.weight = None if weight is None else keras.Variable(weight, trainable=False, name="weight")
        self.reduction = reduction

    def call(self, x, target):
        return binary_cross_entropy(x, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(keras.layers.Layer):
    """``binary_cross_entropy_with_logits`` with settings of its own, as a layer."""

    def __init__(self, weight=None, reduction="mean", pos_weight=None, **kwargs):
        super().__init__(**kwargs)
        self.weight = None if weight is None else keras.Variable(weight, trainable=False, name="weight")
        self.pos_weight = None if pos_weight is None else keras.Variable(pos_weight, trainable=False, name="pos_weight")
        self.reduction = reduction

    def call(self, x, target):
        return binary_cross_entropy_with_logits(
            x, target, weight=self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class MSELoss(keras.layers.Layer):
    """``mse_loss`` with settings of its own, as a layer."""

    def __init__(self, reduction="mean", **kwargs):
        super().__init__(**kwargs)
        self.reduction = reduction

    def call(self, x, target):
        return mse_loss(x, target, reduction=self.reduction)


class L1Loss(keras.layers.Layer):
    """``l1_loss`` with settings of its own, as a layer."""

    def __init__(self, reduction="mean", **kwargs):
        super().__init__(**kwargs)
        self.reduction = reduction

    def call(self, x, target):
        return l1_loss(x, target, reduction=self.reduction)


class SmoothL1Loss(keras.layers.Layer):
    """``smooth_l1_loss`` with settings of its own, as a layer."""

    def __init__(self, reduction="mean", beta=1.0, **kwargs):
        super().__init__(**kwargs)
        self.reduction, self.beta = reduction, beta

    def call(self, x, target):
        return smooth_l1_loss(x, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(keras.layers.Layer):
    """``huber_loss`` with settings of its own, as a layer."""

    def __init__(self, reduction="mean", delta=1.0, **kwargs):
        super().__init__(**kwargs)
        self.reduction, self.delta = reduction, delta

    def call(self, x, target):
        return huber_loss(x, target, reduction=self.reduction, delta=self.delta)


class KLDivLoss(keras.layers.Layer):
    """``kl_div`` with settings of its own, as a layer."""

    def __init__(self, reduction="mean", log_target=False, **kwargs):
        super().__init__(**kwargs)
        self.reduction, self.log_target = reduction, log_target

    def call(self, x, target):
        return kl_div(x, target, reduction=self.reduction, log_target=self.log_target)


class PoissonNLLLoss(keras.layers.Layer):
    """``poisson_nll_loss`` with settings of its own, as a layer."""

    def __init__(self, log_input=True, full=False, eps=1e-8, reduction="mean", **kwargs):
        super().__init__(**kwargs)
        self.log_input, self.full, self.eps, self.reduction = log_input, full, eps, reduction

    def call(self, x, target):
        return poisson_nll_loss(
            x, target, log_input=self.log_input, full=self.full, eps=self.eps, reduction=self.reduction
        )


class GaussianNLLLoss(keras.layers.Layer):
    """``gaussian_nll_loss`` with settings of its own, as a layer."""

    def __init__(self, *, full=False, eps=1e-6, reduction="mean", **kwargs):
        super().__init__(**kwargs)
        self.full, self.eps, self.reduction = full, eps, reduction

    def call(self, x, target, var):
        return gaussian_nll_loss(x, target, var, full=self.full, eps=self.eps, reduction=self.reduction)


class MarginRankingLoss(keras.layers.Layer):
    """``margin_ranking_loss`` with settings of its own, as a layer."""

    def __init__(self, margin=0.0, reduction="mean", **kwargs):
        super().__init__(**kwargs)
        self.margin, self.reduction = margin, reduction

    def call(self, input1, input2, target):
        return margin_ranking_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class HingeEmbeddingLoss(keras.layers.Layer):
    """``hinge_embedding_loss`` with settings of its own, as a layer."""

    def __init__(self, margin=1.0, reduction="mean", **kwargs):
        super().__init__(**kwargs)
        self.margin, self.reduction = margin, reduction

    def call(self, x, target):
        return hinge_embedding_loss(x, target, margin=self.margin, reduction=self.reduction)


class SoftMarginLoss(keras.layers.Layer):
    """``soft_margin_loss`` with settings of its own, as a layer."""

    def __init__(self, reduction="mean", **kwargs):
        super().__init__(**kwargs)
        self.reduction = reduction

    def call(self, x, target):
        return soft_margin_loss(x, target, reduction=self.reduction)


class MultiMarginLoss(keras.layers.Layer):
    """``multi_margin_loss`` with settings of its own, as a layer."""

    def __init__(self, p=1, margin=1.0, weight=None, reduction="mean", **kwargs):
        super().__init__(**kwargs)
        self.weight = None if weight is None else keras.Variable(weight, trainable=False, name="weight")
        self.p, self.margin, self.reduction = p, margin, reduction

    def call(self, x, target):
        return multi_margin_loss(x, target, p=self.p, margin=self.margin, weight=self.weight, reduction=self.reduction)


class MultiLabelSoftMarginLoss(keras.layers.Layer):
    """``multilabel_soft_margin_loss`` with settings of its own, as a layer."""

    def __init__(self, weight=None, reduction="mean", **kwargs):
        super().__init__(**kwargs)
        self.weight = None if weight is None else keras.Variable(weight, trainable=False, name="weight")
        self.reduction = reduction

    def call(self, x, target):
        return multilabel_soft_margin_loss(x, target, weight=self.weight, reduction=self.reduction)


class TripletMarginLoss(keras.layers.Layer):
    """``triplet_margin_loss`` with settings of its own, as a layer."""

    def __init__(self, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean", **kwargs):
        super().__init__(**kwargs)
        self.margin, self.p, self.eps, self.swap, self.reduction = margin, p, eps, swap, reduction

    def call(self, anchor, positive, negative):
        return triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )


class CosineEmbeddingLoss(keras.layers.Layer):
    """``cosine_embedding_loss`` with settings of its own, as a layer."""

    def __init__(self, margin=0.0, reduction="mean", **kwargs):
        super().__init__(**kwargs)
        self.margin, self.reduction = margin, reduction

    def call(self, input1, input2, target):
        return cosine_embedding_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class CosineSimilarity(keras.layers.Layer):
    """``cosine_similarity`` with settings of its own, as a layer."""

    def __init__(self, axis=1, eps=1e-8, **kwargs):
        super().__init__(**kwargs)
        self.axis, self.eps = axis, eps

    def call(self, x1, x2):
        return cosine_similarity(x1, x2, axis=self.axis, eps=self.eps)

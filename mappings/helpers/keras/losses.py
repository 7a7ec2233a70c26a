"""PyTorch's losses: their argument order, reductions, class weights, ignored targets and label smoothing.

Definitions are copied into users' files as they stand. Inputs are laid out as PyTorch has them, classes on axis 1;
``reduction`` is "mean", "sum" or "none". See https://docs.pytorch.org/docs/stable/nn.html#loss-functions.
"""

import math

from keras import ops


def reduced(losses, reduction, weights=None):
    """The mean, the sum, or all of the losses; the mean is by the sum of the weights where there are any."""
    if reduction == "none":
        return losses
    total = ops.sum(losses)
    if reduction == "sum":
        return total
    return ops.mean(losses) if weights is None else total / ops.sum(weights)


def distance(a, b, p=2.0, eps=1e-6):
    """The p-norm of the difference along the last axis, without a gradient where it is zero."""
    difference = ops.abs(a - b + eps)
    if p == 1:
        return ops.sum(difference, axis=-1)
    if p == math.inf:
        return ops.max(difference, axis=-1)
    powers = ops.sum(difference**p, axis=-1)
    return ops.where(powers > 0, ops.where(powers > 0, powers, 1.0) ** (1 / p), 0.0)


def nll_loss(x, target, weight=None, ignore_index=-100, reduction="mean"):
    """Negative log likelihood of the target classes."""
    axis = min(1, len(x.shape) - 1)
    valid = ops.not_equal(target, ignore_index)
    index = ops.where(valid, target, 0)
    picked = ops.squeeze(ops.take_along_axis(x, ops.expand_dims(index, axis), axis=axis), axis)
    weights = ops.cast(valid, x.dtype)
    if weight is not None:
        weights = weights * ops.take(weight, index)
    return reduced(ops.where(valid, -picked * weights, 0.0), reduction, weights)


def cross_entropy(x, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    """Cross entropy of logits with target classes, or with probabilities of the input's shape."""
    axis = min(1, len(x.shape) - 1)
    classes = x.shape[axis]
    log_probs = ops.log_softmax(x, axis=axis)
    weighted = log_probs
    if weight is not None:
        weighted = log_probs * ops.reshape(weight, (-1, *(1,) * (len(x.shape) - 1 - axis)))
    if len(target.shape) == len(x.shape):
        target = target * (1 - label_smoothing) + label_smoothing / classes
        return reduced(-ops.sum(weighted * target, axis=axis), reduction)
    plain = nll_loss(log_probs, target, weight, ignore_index, reduction)
    if not label_smoothing:
        return plain
    valid = ops.not_equal(target, ignore_index)
    weights = ops.cast(valid, x.dtype)
    smooth = ops.where(valid, -ops.sum(weighted, axis=axis), 0.0)
    if weight is not None:
        weights = weights * ops.take(weight, ops.where(valid, target, 0))
    smooth = reduced(smooth, reduction, weights)
    return (1 - label_smoothing) * plain + label_smoothing / classes * smooth


def binary_cross_entropy(x, target, weight=None, reduction="mean"):
    """Binary cross entropy of probabilities; logarithms are at least -100 and gradients finite, as PyTorch's are."""
    value = ops.stop_gradient(x)
    log_p, log_q = ops.maximum(ops.log(value), -100.0), ops.maximum(ops.log1p(-value), -100.0)
    # The bound is PyTorch's 1e-12, which is a float32 there.
    slope = (value - target) / ops.maximum(value * (1 - value), 9.999999960041972e-13)
    losses = -(target * log_p + (1 - target) * log_q) + (x - value) * ops.stop_gradient(slope)
    return reduced(losses if weight is None else losses * weight, reduction)


def binary_cross_entropy_with_logits(x, target, weight=None, reduction="mean", pos_weight=None):
    """Binary cross entropy of logits."""
    factor = 1.0 if pos_weight is None else 1 + (pos_weight - 1) * target
    losses = (1 - target) * x + factor * ops.softplus(-x)
    return reduced(losses if weight is None else losses * weight, reduction)


def mse_loss(x, target, reduction="mean"):
    """Squared error."""
    return reduced(ops.square(ops.subtract(x, target)), reduction)


def l1_loss(x, target, reduction="mean"):
    """Absolute error."""
    return reduced(ops.abs(ops.subtract(x, target)), reduction)


def smooth_l1_loss(x, target, reduction="mean", beta=1.0):
    """Absolute error that is squared (and continuous) below beta."""
    error = ops.abs(ops.subtract(x, target))
    if beta == 0:
        return reduced(error, reduction)
    return reduced(ops.where(error < beta, 0.5 * error * error / beta, error - 0.5 * beta), reduction)


def huber_loss(x, target, reduction="mean", delta=1.0):
    """Squared error that is linear above delta."""
    error = ops.abs(ops.subtract(x, target))
    return reduced(ops.where(error <= delta, 0.5 * error * error, delta * (error - 0.5 * delta)), reduction)


def kl_div(x, target, reduction="mean", log_target=False):
    """Kullback-Leibler divergence of log probabilities; "batchmean" divides the sum by the size of the batch."""
    if log_target:
        losses = ops.exp(target) * (target - x)
    else:
        losses = ops.where(target > 0, target * ops.log(ops.where(target > 0, target, 1.0)), 0.0) - target * x
    if reduction == "batchmean":
        return ops.sum(losses) / ops.cast(ops.shape(losses)[0], losses.dtype)
    return reduced(losses, reduction)


def poisson_nll_loss(x, target, log_input=True, full=False, eps=1e-8, reduction="mean"):
    """Negative log likelihood of counts; ``full`` adds Stirling's approximation."""
    target = ops.cast(target, x.dtype)
    losses = ops.exp(x) - target * x if log_input else x - target * ops.log(x + eps)
    if full:
        count = ops.where(target > 1, target, 1.0)
        stirling = count * ops.log(count) - count + 0.5 * ops.log(2 * math.pi * count)
        losses = losses + ops.where(target > 1, stirling, 0.0)
    return reduced(losses, reduction)


def gaussian_nll_loss(x, target, var, full=False, eps=1e-6, reduction="mean"):
    """Negative log likelihood of a normal distribution; the variance is at least eps."""
    if len(var.shape) == len(x.shape) - 1:
        var = ops.expand_dims(var, -1)
    var = var + ops.stop_gradient(ops.maximum(var, eps) - var)
    losses = 0.5 * (ops.log(var) + ops.square(x - target) / var)
    return reduced(losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)


def margin_ranking_loss(input1, input2, target, margin=0.0, reduction="mean"):
    """Hinge on the order of two inputs, which the target (1 or -1) says."""
    return reduced(ops.maximum(-ops.cast(target, input1.dtype) * (input1 - input2) + margin, 0.0), reduction)


def hinge_embedding_loss(x, target, margin=1.0, reduction="mean"):
    """The input where the target is 1, its distance below the margin where it is -1."""
    far = ops.where(ops.not_equal(target, 1), ops.maximum(margin - x, 0.0), 0.0)
    near = ops.where(ops.not_equal(target, -1), x, 0.0)
    return reduced(far + near, reduction)


def soft_margin_loss(x, target, reduction="mean"):
    """Logistic loss of targets 1 and -1."""
    return reduced(ops.log1p(ops.exp(-ops.cast(target, x.dtype) * x)), reduction)


def multi_margin_loss(x, target, p=1, margin=1.0, weight=None, reduction="mean"):
    """Hinge between the target class and each other one."""
    picked = ops.take_along_axis(x, ops.expand_dims(target, -1), axis=-1)
    hinge = ops.relu(margin - picked + x) ** p
    if weight is not None:
        hinge = hinge * ops.expand_dims(ops.take(weight, target), -1)
    others = 1 - ops.one_hot(target, x.shape[-1], dtype=x.dtype)
    return reduced(ops.sum(hinge * others, axis=-1) / x.shape[-1], reduction)


def multilabel_soft_margin_loss(x, target, weight=None, reduction="mean"):
    """Binary cross entropy of logits, averaged over the classes."""
    target = ops.cast(target, x.dtype)
    losses = -(target * ops.log_sigmoid(x) + (1 - target) * ops.log_sigmoid(-x))
    return reduced(ops.mean(losses if weight is None else losses * weight, axis=-1), reduction)


def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean"):
    """How much nearer the positive example is to the anchor than the negative one, up to a margin."""
    near, far = distance(anchor, positive, p, eps), distance(anchor, negative, p, eps)
    if swap:
        far = ops.minimum(far, distance(positive, negative, p, eps))
    return reduced(ops.maximum(margin + near - far, 0.0), reduction)


def cosine_embedding_loss(input1, input2, target, margin=0.0, reduction="mean"):
    """One minus the cosine where the target is 1, the cosine above the margin where it is -1."""
    squares = (ops.sum(input1 * input1, axis=-1) + 1e-12) * (ops.sum(input2 * input2, axis=-1) + 1e-12)
    cosine = ops.sum(input1 * input2, axis=-1) / ops.sqrt(squares)
    near = ops.where(ops.equal(target, 1), 1 - cosine, 0.0)
    return reduced(near + ops.where(ops.equal(target, -1), ops.maximum(cosine - margin, 0.0), 0.0), reduction)


def cosine_similarity(x1, x2, axis=1, eps=1e-8):
    """Cosine of the angle between vectors along an axis, whose norms count as at least eps."""
    squares = [ops.sum(x * x, axis=axis) for x in (x1, x2)]
    norms = [ops.where(s > 0, ops.sqrt(ops.where(s > 0, s, 1.0)), 0.0) for s in squares]
    return ops.sum(x1 * x2, axis=axis) / (ops.maximum(norms[0], eps) * ops.maximum(norms[1], eps))

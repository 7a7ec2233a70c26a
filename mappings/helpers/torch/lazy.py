"""Initial values of Lazy modules, whose weights have no size before the first call.

See https://docs.pytorch.org/docs/stable/generated/torch.nn.modules.lazy.LazyModuleMixin.html: such a module calls its
reset_parameters once its weights have their sizes, unless they were loaded.
"""

from torch import nn


def fill_lazily(module, name, fill, *args, **kwargs):
    """Fill a weight by a function of nn.init, as soon as its size is known."""
    if not nn.parameter.is_lazy(getattr(module, name)):
        fill(getattr(module, name), *args, **kwargs)
        return
    reset = module.reset_parameters

    def reset_parameters():
        reset()
        if not nn.parameter.is_lazy(getattr(module, name)):
            fill(getattr(module, name), *args, **kwargs)

    module.reset_parameters = reset_parameters

"""The layers below a layer, as PyTorch's modules and apply give them."""


def all_layers(layer):
    """The layer and all layers inside it, each once."""
    return layer._flatten_layers()


def apply_to_layers(layer, function):
    """Call a function with every layer inside a layer, and with the layer itself."""
    for inner in all_layers(layer):
        function(inner)
    return layer

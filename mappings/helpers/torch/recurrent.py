"""Keras' recurrent layers for PyTorch: one layer, batch first, that gives what Keras' gives.

See https://keras.io/api/layers/recurrent_layers/. An LSTM and a simple RNN of Keras have one bias where PyTorch adds
two: the second one stays zero and is not trained.
"""

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin


def without_first_axis(states):
    """The states of one layer in one direction, shape (n, hidden) each."""
    return [state[0] for state in (states if isinstance(states, tuple) else (states,))]


def with_first_axis(states):
    """States of shape (n, hidden), one or a list of them, as PyTorch's layers take them; None stays None."""
    if states is None:
        return None
    states = [state[None] for state in (states if isinstance(states, (list, tuple)) else [states])]
    return tuple(states) if len(states) > 1 else states[0]


def merged(forward, backward, mode):
    """The outputs of both directions as keras.layers.Bidirectional puts them together."""
    if mode == "concat":
        return torch.cat([forward, backward], dim=-1)
    if mode == "mul":
        return forward * backward
    return (forward + backward) / (2 if mode == "ave" else 1)


def take_input_size(layer, x):
    """Give a lazy recurrent layer or cell its weights for the features of ``x``."""
    layer.input_size = x.shape[-1]
    lazy = [p for p in layer.parameters() if isinstance(p, nn.UninitializedParameter)]
    with torch.no_grad():
        for parameter in lazy:
            rows = layer.get_parameter("weight_hh" if hasattr(layer, "weight_hh") else "weight_hh_l0").shape[0]
            parameter.materialize((rows, layer.input_size))
            nn.init.uniform_(parameter, -(layer.hidden_size**-0.5), layer.hidden_size**-0.5)


class SequenceLSTM(nn.LSTM):
    """An LSTM that gives the whole sequence or its last output, and with return_state its states (n, hidden), too."""

    def __init__(
        self, input_size, hidden_size, bias=True, return_sequences=False, return_state=False, go_backwards=False
    ):
        super().__init__(input_size, hidden_size, bias=bias, batch_first=True)
        self.return_sequences, self.return_state, self.go_backwards = return_sequences, return_state, go_backwards
        if bias:
            nn.init.zeros_(self.bias_hh_l0).requires_grad_(False)

    def forward(self, x, initial_state=None):
        x = x.flip(1) if self.go_backwards else x
        out, states = super().forward(x, with_first_axis(initial_state))
        out = out if self.return_sequences else out[:, -1]
        return (out, *without_first_axis(states)) if self.return_state else out


class LazySequenceLSTM(LazyModuleMixin, SequenceLSTM):
    """A SequenceLSTM whose input size is that of its first input."""

    cls_to_become = SequenceLSTM

    def __init__(self, hidden_size, bias=True, return_sequences=False, return_state=False, go_backwards=False):
        super().__init__(1, hidden_size, bias, return_sequences, return_state, go_backwards)
        self.weight_ih_l0 = nn.UninitializedParameter()

    def initialize_parameters(self, x, initial_state=None):
        take_input_size(self, x)


class BidirectionalLSTM(nn.LSTM):
    """An LSTM in both directions, whose outputs are merged as keras.layers.Bidirectional does."""

    def __init__(
        self, input_size, hidden_size, bias=True, return_sequences=False, return_state=False, merge_mode="concat"
    ):
        super().__init__(input_size, hidden_size, bias=bias, batch_first=True, bidirectional=True)
        self.return_sequences, self.return_state, self.merge_mode = return_sequences, return_state, merge_mode
        for name, parameter in self.named_parameters():
            if name.startswith("bias_hh"):
                nn.init.zeros_(parameter).requires_grad_(False)

    def forward(self, x):
        out, states = super().forward(x)
        states = states if isinstance(states, tuple) else (states,)
        forward, backward = out.chunk(2, dim=-1) if self.return_sequences else states[0]
        out = merged(forward, backward, self.merge_mode)
        return (out, *(s[0] for s in states), *(s[1] for s in states)) if self.return_state else out


class LazyBidirectionalLSTM(LazyModuleMixin, BidirectionalLSTM):
    """A BidirectionalLSTM whose input size is that of its first input."""

    cls_to_become = BidirectionalLSTM

    def __init__(self, hidden_size, bias=True, return_sequences=False, return_state=False, merge_mode="concat"):
        super().__init__(1, hidden_size, bias, return_sequences, return_state, merge_mode)
        self.weight_ih_l0 = nn.UninitializedParameter()
        self.weight_ih_l0_reverse = nn.UninitializedParameter()

    def initialize_parameters(self, x):
        take_input_size(self, x)


class SequenceGRU(nn.GRU):
    """A GRU that gives the whole sequence or its last output, and with return_state its state (n, hidden), too."""

    def __init__(
        self, input_size, hidden_size, bias=True, return_sequences=False, return_state=False, go_backwards=False
    ):
        super().__init__(input_size, hidden_size, bias=bias, batch_first=True)
        self.return_sequences, self.return_state, self.go_backwards = return_sequences, return_state, go_backwards

    def forward(self, x, initial_state=None):
        x = x.flip(1) if self.go_backwards else x
        out, states = super().forward(x, with_first_axis(initial_state))
        out = out if self.return_sequences else out[:, -1]
        return (out, *without_first_axis(states)) if self.return_state else out


class LazySequenceGRU(LazyModuleMixin, SequenceGRU):
    """A SequenceGRU whose input size is that of its first input."""

    cls_to_become = SequenceGRU

    def __init__(self, hidden_size, bias=True, return_sequences=False, return_state=False, go_backwards=False):
        super().__init__(1, hidden_size, bias, return_sequences, return_state, go_backwards)
        self.weight_ih_l0 = nn.UninitializedParameter()

    def initialize_parameters(self, x, initial_state=None):
        take_input_size(self, x)


class BidirectionalGRU(nn.GRU):
    """A GRU in both directions, whose outputs are merged as keras.layers.Bidirectional does."""

    def __init__(
        self, input_size, hidden_size, bias=True, return_sequences=False, return_state=False, merge_mode="concat"
    ):
        super().__init__(input_size, hidden_size, bias=bias, batch_first=True, bidirectional=True)
        self.return_sequences, self.return_state, self.merge_mode = return_sequences, return_state, merge_mode

    def forward(self, x):
        out, states = super().forward(x)
        states = states if isinstance(states, tuple) else (states,)
        forward, backward = out.chunk(2, dim=-1) if self.return_sequences else states[0]
        out = merged(forward, backward, self.merge_mode)
        return (out, *(s[0] for s in states), *(s[1] for s in states)) if self.return_state else out


class LazyBidirectionalGRU(LazyModuleMixin, BidirectionalGRU):
    """A BidirectionalGRU whose input size is that of its first input."""

    cls_to_become = BidirectionalGRU

    def __init__(self, hidden_size, bias=True, return_sequences=False, return_state=False, merge_mode="concat"):
        super().__init__(1, hidden_size, bias, return_sequences, return_state, merge_mode)
        self.weight_ih_l0 = nn.UninitializedParameter()
        self.weight_ih_l0_reverse = nn.UninitializedParameter()

    def initialize_parameters(self, x):
        take_input_size(self, x)


class SequenceRNN(nn.RNN):
    """An RNN that gives the whole sequence or its last output, and with return_state its state (n, hidden), too."""

    def __init__(
        self,
        input_size,
        hidden_size,
        bias=True,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        nonlinearity="tanh",
    ):
        super().__init__(input_size, hidden_size, bias=bias, batch_first=True, nonlinearity=nonlinearity)
        self.return_sequences, self.return_state, self.go_backwards = return_sequences, return_state, go_backwards
        if bias:
            nn.init.zeros_(self.bias_hh_l0).requires_grad_(False)

    def forward(self, x, initial_state=None):
        x = x.flip(1) if self.go_backwards else x
        out, states = super().forward(x, with_first_axis(initial_state))
        out = out if self.return_sequences else out[:, -1]
        return (out, *without_first_axis(states)) if self.return_state else out


class LazySequenceRNN(LazyModuleMixin, SequenceRNN):
    """A SequenceRNN whose input size is that of its first input."""

    cls_to_become = SequenceRNN

    def __init__(
        self,
        hidden_size,
        bias=True,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        nonlinearity="tanh",
    ):
        super().__init__(1, hidden_size, bias, return_sequences, return_state, go_backwards, nonlinearity)
        self.weight_ih_l0 = nn.UninitializedParameter()

    def initialize_parameters(self, x, initial_state=None):
        take_input_size(self, x)


class BidirectionalRNN(nn.RNN):
    """An RNN in both directions, whose outputs are merged as keras.layers.Bidirectional does."""

    def __init__(
        self,
        input_size,
        hidden_size,
        bias=True,
        return_sequences=False,
        return_state=False,
        merge_mode="concat",
        nonlinearity="tanh",
    ):
        super().__init__(
            input_size, hidden_size, bias=bias, batch_first=True, bidirectional=True, nonlinearity=nonlinearity
        )
        self.return_sequences, self.return_state, self.merge_mode = return_sequences, return_state, merge_mode
        for name, parameter in self.named_parameters():
            if name.startswith("bias_hh"):
                nn.init.zeros_(parameter).requires_grad_(False)

    def forward(self, x):
        out, states = super().forward(x)
        states = states if isinstance(states, tuple) else (states,)
        forward, backward = out.chunk(2, dim=-1) if self.return_sequences else states[0]
        out = merged(forward, backward, self.merge_mode)
        return (out, *(s[0] for s in states), *(s[1] for s in states)) if self.return_state else out


class LazyBidirectionalRNN(LazyModuleMixin, BidirectionalRNN):
    """A BidirectionalRNN whose input size is that of its first input."""

    cls_to_become = BidirectionalRNN

    def __init__(
        self,
        hidden_size,
        bias=True,
        return_sequences=False,
        return_state=False,
        merge_mode="concat",
        nonlinearity="tanh",
    ):
        super().__init__(1, hidden_size, bias, return_sequences, return_state, merge_mode, nonlinearity=nonlinearity)
        self.weight_ih_l0 = nn.UninitializedParameter()
        self.weight_ih_l0_reverse = nn.UninitializedParameter()

    def initialize_parameters(self, x):
        take_input_size(self, x)


class OutputLSTMCell(nn.LSTMCell):
    """An LSTMCell that is called as in Keras: gives its output and the list of its states."""

    def forward(self, x, states):
        h, c = super().forward(x, tuple(states))
        return h, [h, c]

    def get_initial_state(self, batch_size):
        return [self.weight_hh.new_zeros(batch_size, self.hidden_size) for _ in range(2)]


class OutputGRUCell(nn.GRUCell):
    """A GRUCell that is called as in Keras: gives its output and its state, in a list if it came in one."""

    def forward(self, x, states):
        listed = isinstance(states, (list, tuple))
        h = super().forward(x, states[0] if listed else states)
        return h, [h] if listed else h

    def get_initial_state(self, batch_size):
        return [self.weight_hh.new_zeros(batch_size, self.hidden_size)]


class OutputRNNCell(nn.RNNCell):
    """An RNNCell that is called as in Keras: gives its output and its state, in a list if it came in one."""

    def forward(self, x, states):
        listed = isinstance(states, (list, tuple))
        h = super().forward(x, states[0] if listed else states)
        return h, [h] if listed else h

    def get_initial_state(self, batch_size):
        return [self.weight_hh.new_zeros(batch_size, self.hidden_size)]


class LazyOutputLSTMCell(LazyModuleMixin, OutputLSTMCell):
    """An OutputLSTMCell whose input size is that of its first input."""

    cls_to_become = OutputLSTMCell

    def __init__(self, hidden_size, bias=True):
        super().__init__(1, hidden_size, bias)
        self.weight_ih = nn.UninitializedParameter()

    def initialize_parameters(self, x, states):
        take_input_size(self, x)


class LazyOutputGRUCell(LazyModuleMixin, OutputGRUCell):
    """An OutputGRUCell whose input size is that of its first input."""

    cls_to_become = OutputGRUCell

    def __init__(self, hidden_size, bias=True):
        super().__init__(1, hidden_size, bias)
        self.weight_ih = nn.UninitializedParameter()

    def initialize_parameters(self, x, states):
        take_input_size(self, x)


class LazyOutputRNNCell(LazyModuleMixin, OutputRNNCell):
    """An OutputRNNCell whose input size is that of its first input."""

    cls_to_become = OutputRNNCell

    def __init__(self, hidden_size, bias=True, nonlinearity="tanh"):
        super().__init__(1, hidden_size, bias, nonlinearity=nonlinearity)
        self.weight_ih = nn.UninitializedParameter()

    def initialize_parameters(self, x, states):
        take_input_size(self, x)

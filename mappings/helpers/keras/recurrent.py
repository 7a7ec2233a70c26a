"""PyTorch's recurrent layers for Keras: any number of layers, one direction or both, with PyTorch's shapes of states.

See https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html.
"""

import keras
from keras import ops


class StackedRecurrent(keras.layers.Layer):
    """Recurrent layers on top of each other that take and give states of shape (layers * directions, n, hidden)."""

    def __init__(
        self,
        input_size,
        hidden_size,
        num_layers=1,
        bias=True,
        batch_first=False,
        dropout=0.0,
        bidirectional=False,
        kind=keras.layers.LSTM,
        **kwargs,
    ):
        super().__init__()
        settings = {"use_bias": bias, "return_sequences": True, "return_state": True, **kwargs}
        backwards = num_layers if bidirectional else 0
        self.forward_layers = [kind(hidden_size, **settings) for _ in range(num_layers)]
        self.backward_layers = [kind(hidden_size, go_backwards=True, **settings) for _ in range(backwards)]
        self.dropout = keras.layers.Dropout(dropout)
        self.batch_first = batch_first

    def call(self, x, hx=None, training=None):
        x = x if self.batch_first else ops.swapaxes(x, 0, 1)
        initial = list(hx) if isinstance(hx, (list, tuple)) else [hx]
        finals = []
        for index, forward in enumerate(self.forward_layers):
            x = self.dropout(x, training=training) if index > 0 else x
            outs = []
            directions = [forward, *self.backward_layers[index : index + 1]]
            for way, layer in enumerate(directions):
                given = None if hx is None else [state[index * len(directions) + way] for state in initial]
                out, *states = layer(x, initial_state=given)
                finals.append(states)
                outs.append(out if layer is forward else ops.flip(out, axis=1))
            x = ops.concatenate(outs, axis=-1)
        states = tuple(ops.stack(state) for state in zip(*finals))
        x = x if self.batch_first else ops.swapaxes(x, 0, 1)
        return x, states if len(states) > 1 else states[0]


class StackedLSTM(StackedRecurrent):
    """PyTorch's LSTM: gives the output and the pair of hidden and cell states."""


class StackedGRU(StackedRecurrent):
    """PyTorch's GRU: gives the output and the hidden state."""

    def __init__(
        self,
        input_size,
        hidden_size,
        num_layers=1,
        bias=True,
        batch_first=False,
        dropout=0.0,
        bidirectional=False,
    ):
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, kind=keras.layers.GRU
        )


class StackedRNN(StackedRecurrent):
    """PyTorch's RNN: gives the output and the hidden state."""

    def __init__(
        self,
        input_size,
        hidden_size,
        num_layers=1,
        nonlinearity="tanh",
        bias=True,
        batch_first=False,
        dropout=0.0,
        bidirectional=False,
    ):
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            kind=keras.layers.SimpleRNN,
            activation=nonlinearity,
        )

"""The operations of drawn programs. Each gives a statement about a tensor; what PyTorch refuses is drawn again."""

from __future__ import annotations

from math import prod

from tests.compositions.drawing import Drawing


def layer(d: Drawing, v: str) -> str:
    channels = d.sizes(v)[1]
    spatial = len(d.sizes(v)) - 2
    out, kernel = d.one_of((1, 2, 3, 4)), d.one_of((1, 2, 3))
    last = d.sizes(v)[-1]
    text = d.one_of(
        (
            f"nn.Conv{spatial}d({channels}, {out}, {kernel}, padding={kernel // 2})",
            f"nn.Conv{spatial}d({channels}, {out}, {kernel}, {d.one_of((1, 2))}, {d.choose(2)}, bias=False)",
            f"nn.ConvTranspose{spatial}d({channels}, {out}, 2, stride=2)",
            f"nn.BatchNorm{spatial}d({channels})",
            f"nn.GroupNorm(1, {channels})",
            f"nn.Linear({last}, {out})",
            f"nn.LayerNorm({last})",
            f"nn.MaxPool{spatial}d(2)",
            f"nn.AvgPool{spatial}d({kernel}, 1, {kernel // 2})",
            f"nn.AdaptiveAvgPool{spatial}d(1)",
            "nn.ReLU()",
            "nn.Upsample(scale_factor=2)",
            f"nn.Flatten({d.one_of(('', '2', '0, 1', '1, 2'))})",
            f"nn.Sequential(nn.Conv{spatial}d({channels}, {out}, 3, padding=1), nn.BatchNorm{spatial}d({out}))",
        )
    )
    return d.bind(f"{d.layer(text)}({v})", v)


def elementwise(d: Drawing, v: str) -> str:
    return d.bind(
        d.one_of(
            (f"F.relu({v})", f"torch.sigmoid({v})", f"{v}.tanh()", f"{v} * 2 + 1", f"-{v}", f"{v}.abs()",
             f"torch.where({v} > 0.5, {v}, -{v})", f"{v}.clamp(0.2, 0.7)", f"{v}.masked_fill({v} < 0.5, 0.0)")
        ),
        v,
    )  # fmt: skip


def arithmetic(d: Drawing, v: str) -> str:
    other = d.one_of(d.tensors())
    return d.bind(f"{v} {d.one_of('+-*')} {other}", v)


def in_place(d: Drawing, v: str) -> str:
    other = d.one_of(d.tensors())
    return d.one_of(
        (f"{v} += {other}", f"{v} = {v}.mul_(0.5)", f"{v}.add_(1)", f"{v}[:, 0] = 0.5", f"{v}[:, :, 0] *= 2",
         f"{v}[..., :1] = {other}[..., :1]")
    )  # fmt: skip


def parameter(d: Drawing, v: str) -> str:
    size = d.sizes(v)
    rank = len(size)
    shape = d.one_of(
        ((size[1],) + (1,) * (rank - 2), (1, size[1]) + (1,) * (rank - 2), (size[-1],), size[1:], (1, *size[1:]), ())
    )
    return d.bind(f"{v} {d.one_of('+*')} {d.layer(f'nn.Parameter(torch.zeros({shape!r}))')}", v)


def rearrange(d: Drawing, v: str) -> str:
    rank = len(d.sizes(v))
    order = list(range(rank))
    for place in range(rank - 1, 0, -1):
        other = d.choose(place + 1)
        order[place], order[other] = order[other], order[place]
    a, b = d.axis(v), d.axis(v)
    dims = ", ".join(map(str, order))
    return d.bind(
        d.one_of(
            (f"{v}.permute({dims})", f"{v}.transpose({a}, {b})", f"{v}.flip({a})", f"torch.roll({v}, 1, {a})",
             f"{v}.unsqueeze({a})", f"{v}.movedim({a}, {b})")
        ),
        v,
    )  # fmt: skip


def squeeze(d: Drawing, v: str) -> str:
    return d.bind(f"{v}.squeeze({d.unit_axis(v)})", v)


def reshape(d: Drawing, v: str) -> str:
    size = list(d.sizes(v))
    place = d.choose(max(len(size) - 1, 1))
    merged = [*size[:place], prod(size[place : place + 2]), *size[place + 2 :]]
    split = [*size[:place], 1, *size[place:]]
    kept = ", ".join(f"{v}.size({i})" for i in range(min(2, len(size))))
    forms = (
        f"{v}.reshape({', '.join(map(str, merged))})",
        f"{v}.reshape({', '.join(map(str, split))})",
        f"{v}.flatten({d.one_of(('1', '2', '0, 1', '1, 2', '-2'))})",
        f"{v}.reshape({kept}, -1)",
        f"{v}.reshape({v}.shape[0], -1, {size[-1]})",
        f"{v}.reshape({', '.join(map(str, reversed(size)))})",
        f"{v}.unflatten({place}, (1, {size[place]}))",
    )
    return d.bind(d.one_of(forms), v)


def reduce(d: Drawing, v: str) -> str:
    a = d.axis(v)
    keep = d.one_of(("", ", keepdim=True"))
    last = tuple(range(2, len(d.sizes(v))))
    return d.bind(
        d.one_of(
            (f"{v}.mean({a}{keep})", f"{v}.sum(dim={a}{keep})", f"{v}.mean(dim={last}{keep})", f"{v}.max({a}{keep})[0]",
             f"{v}.amax({a}{keep})", f"torch.softmax({v}, {a})", f"{v}.cumsum({a})", f"{v}.norm(dim={a}{keep})",
             f"F.normalize({v}, dim={a})", f"{v}.std({a}{keep})", f"F.log_softmax({v}, dim={a})")
        ),
        v,
    )  # fmt: skip


def pick(d: Drawing, v: str) -> str:
    a, size = d.axis(v), d.sizes(v)
    half, even = max(size[a] // 2, 1), size[a] % 2 == 0
    return d.bind(
        d.one_of(
            (f"{v}[:, :{half}]", f"{v}[:, 0]", f"{v}[..., 0]", f"{v}[:, :, ::2]", f"{v}[:, None]", f"{v}[:, :, -1:]",
             f"{v}[:, [0, -1]]", f"{v}.chunk({1 + even}, {a})[0]", f"torch.split({v}, {half}, dim={a})[-1]",
             f"{v}.select({a}, 0)", f"{v}.narrow({a}, 0, {half})", f"{v}.unbind({a})[0]", f"{v}[..., ::2, :]",
             f"{v}[:, -1]")
        ),
        v,
    )  # fmt: skip


def join(d: Drawing, v: str) -> str:
    other, a = d.one_of(d.tensors()), d.axis(v)
    return d.bind(
        d.one_of(
            (f"torch.cat([{v}, {other}], dim={a})", f"torch.stack([{v}, {other}], dim={a})",
             f"torch.cat(({v}, {v}), {a})", f"torch.maximum({v}, {other})")
        ),
        v,
    )  # fmt: skip


def contract(d: Drawing, v: str) -> str:
    other = d.one_of(d.tensors())
    if d.sizes(other) != d.sizes(v):
        other = v  # torch.einsum repeats what has size 1, which Keras refuses
    return d.bind(
        d.one_of(
            (f"{v} @ {other}", f"torch.matmul({v}, {other}.transpose(-1, -2))", f"{v} @ {v}.transpose(-2, -1)",
             f"torch.einsum('bchw,bdhw->bcd', {v}, {other})", f"torch.einsum('bchw,bchv->bwv', {v}, {other})",
             f"torch.bmm({v}, {other})")
        ),
        v,
    )  # fmt: skip


def spread(d: Drawing, v: str) -> str:
    rank = len(d.sizes(v))
    ones = ["1"] * rank
    ones[d.choose(rank)] = "2"
    return d.bind(
        d.one_of(
            (f"{v}.repeat({', '.join(ones)})", f"{v}.repeat_interleave(2, dim={d.axis(v)})", f"F.pad({v}, (1, 0))",
             f"F.pad({v}, (0, 1, 1, 0))", f"{v}.expand_as({d.one_of(d.tensors())})",
             )
        ),
        v,
    )  # fmt: skip


def pool(d: Drawing, v: str) -> str:
    _n, _c, _h, _w = d.sizes(v)  # PyTorch takes one image alone, too
    functions = (
        f"F.interpolate({v}, scale_factor=2)",
        f"F.avg_pool2d({v}, 2)",
        f"F.max_pool2d({v}, 2)",
        f"F.adaptive_avg_pool2d({v}, 1)",
    )
    return d.bind(d.one_of(functions), v)


def branch(d: Drawing, v: str) -> str:
    other = d.one_of(d.tensors())
    return d.one_of(
        (f"if {v}.shape[1] > 1:\n    {v} = {v} * 2\nelse:\n    {v} = {other}",
         f"for _ in range(2):\n    {v} = {v} + {other}",
         f"{v} = {v} if {v}.size(0) > 9 else {other}")
    )  # fmt: skip


def sequence(d: Drawing, v: str) -> str:
    _n, _t, size = d.sizes(v)
    heads = d.one_of([n for n in (1, 2, 3) if size % n == 0])
    made = d.one_of(
        (
            (f"nn.LSTM({size}, 3, batch_first=True)", "{m}({v})[0]"),
            (f"nn.GRU({size}, 2, batch_first=True, bidirectional=True)", "{m}({v})[0]"),
            (f"nn.MultiheadAttention({size}, {heads}, batch_first=True)", "{m}({v}, {v}, {v})[0]"),
            (f"nn.LayerNorm({size})", "{m}({v})"),
            (f"nn.TransformerEncoderLayer({size}, {heads}, 4, batch_first=True)", "{m}({v})"),
        )
    )
    return d.bind(made[1].format(m=d.layer(made[0]), v=v), v)


def shapes(d: Drawing, v: str) -> str:
    size = d.sizes(v)
    names = ["n", "c", "h", "w", "k"][: len(size)]
    unpacked = f"{', '.join(names)} = {v}.shape"
    a = d.axis(v)
    forms = (
        f"{v} = {v}.reshape({names[0]}, {' * '.join(names[1:])})",
        f"{v} = {v} * torch.arange({names[-1]}) / {names[-1]}",
        f"{v} = {v}.view({names[0]}, 1, *{v}.shape[1:])",
        f"{v} = {v}.reshape({names[0]}, {names[1]}, -1).transpose(1, 2)",
        f"{v} = {v}.transpose(1, 2).reshape({names[0]}, {names[2 % len(size)]}, -1)",
        f"{v} = {v} + torch.zeros({v}.size({a}), {names[-1]})[0]",
        f"{v} = torch.cat([{v}, torch.ones({', '.join(names[:-1])}, 1)], dim=-1)",
        f"{v} = {v} * {v}.new_full(({names[-1]},), 0.5)",
    )
    return f"{unpacked}\n{d.one_of(forms)}"


def choose(d: Drawing, v: str) -> str:
    a, size = d.axis(v), d.sizes(v)
    forms = (
        f"{v}.index_select({a}, torch.tensor([0, {size[a] - 1}]))",
        f"{v}.gather({a}, {v}.argsort({a}))",
        f"{v}.topk(1, dim={a})[0]",
        f"{v}.sort(dim={a}, descending=True)[0]",
        f"torch.where({v} > {v}.mean(), {v}, torch.zeros_like({v}))",
        f"{v} * ({v} > 0.5)",
        f"{v} * ({v} > 0.5).to({v}.dtype)",
        f"{v} + {v}.argmax({a}, keepdim=True)",
        f"{v} * torch.tril(torch.ones({v}.shape[-2], {v}.shape[-1]))",
        f"{v}.masked_fill(torch.ones({size[-1]}).bool(), 0.25)",
        f"F.one_hot({v}.argmax({a}), {size[a]}).to({v}.dtype)",
    )
    return d.bind(d.one_of(forms), v)


def several(d: Drawing, v: str) -> str:
    a, size = d.axis(v), d.sizes(v)
    names = [f"z{number}" for number in range(9) if f"z{number}" not in d.scope][:2]
    if size[a] % 2:
        return f"{', '.join(names)} = {v}, {v}.flip({a})"
    forms = (f"{v}.chunk(2, dim={a})", f"torch.split({v}, {size[a] // 2}, {a})", f"{v}.sort({a})[0].chunk(2, {a})")
    return f"{', '.join(names)} = {d.one_of(forms)}\n{v} = {names[0]} * torch.sigmoid({names[1]})"


OPERATIONS = (
    layer, layer, layer, elementwise, arithmetic, in_place, parameter, rearrange, rearrange, squeeze, reshape, reduce,
    pick, join, contract, spread, pool, branch, sequence, shapes, choose, several,
)  # fmt: skip

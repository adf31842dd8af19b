"""The library on top of the engine, against PyTorch and against the lecture's interface."""

import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from micrograd import Value
from micrograd.nn import MLP, Layer, Module, Neuron


def torch_mlp(model: MLP, activation: str) -> torch.nn.Sequential:
    """The same network with the same weights, in float64."""
    parts: list[torch.nn.Module] = []
    for layer in model.layers:
        nin, nout = len(layer.neurons[0].w), len(layer.neurons)
        weights = [[w.data for w in neuron.w] for neuron in layer.neurons]
        biases = [neuron.b.data for neuron in layer.neurons]
        linear = torch.nn.Linear(nin, nout, dtype=torch.float64)
        linear.weight.data = torch.tensor(weights, dtype=torch.float64)
        linear.bias.data = torch.tensor(biases, dtype=torch.float64)
        parts += [linear, {"relu": torch.nn.ReLU(), "tanh": torch.nn.Tanh()}[activation]]
    return torch.nn.Sequential(*parts[:-1])


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@given(st.lists(st.floats(-3, 3), min_size=3, max_size=3), st.integers(0, 1000))
def test_mlp_and_its_gradients_equal_torch(activation, x, seed):
    model = MLP(3, [5, 4, 2], activation, seed=seed)
    reference = torch_mlp(model, activation)
    out = model(x)
    expected = reference(torch.tensor(x, dtype=torch.float64))
    assert [v.data for v in out] == pytest.approx(expected.tolist(), rel=1e-9, abs=1e-12)
    (out[0] * 2 + out[1]).backward()
    (expected[0] * 2 + expected[1]).backward()
    for layer, linear in zip(model.layers, reference[::2], strict=True):
        grads = [w.grad for n in layer.neurons for w in n.w]
        assert grads == pytest.approx(linear.weight.grad.flatten().tolist(), rel=1e-9, abs=1e-12)
        biases = [n.b.grad for n in layer.neurons]
        assert biases == pytest.approx(linear.bias.grad.tolist(), rel=1e-9, abs=1e-12)


def test_reprs_are_those_of_the_package():
    assert repr(MLP(2, [2, 1])) == (
        "MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]"
    )
    assert repr(Neuron(3, activation="tanh")) == "TanhNeuron(3)"
    assert repr(Neuron(3, nonlin=False)) == "LinearNeuron(3)"


def test_parameters_are_the_weights_and_biases_of_every_neuron():
    model = MLP(2, [16, 16, 1])
    assert len(model.parameters()) == 337
    assert len({id(p) for p in model.parameters()}) == 337
    assert [p.data for p in model.layers[0].neurons[0].parameters()][-1] == 0.0
    assert Module().parameters() == []


def test_single_output_comes_by_itself_and_several_as_a_list():
    assert type(MLP(2, [3, 1])([1.0, 2.0])) is Value
    assert type(Layer(2, 1)([1.0, 2.0])) is Value
    assert type(Neuron(2)([1.0, 2.0])) is Value
    assert len(MLP(2, [3, 2])([1.0, 2.0])) == 2
    assert type(MLP(2, [1, 1, 1])([1.0, 2.0])) is Value  # also between the layers


def test_seed_fixes_the_weights_and_random_seed_does_where_none_is_given():
    def weights(model: MLP) -> list[float]:
        return [p.data for p in model.parameters()]

    assert weights(MLP(2, [4, 1], seed=1)) == weights(MLP(2, [4, 1], seed=1))
    assert weights(MLP(2, [4, 1], seed=1)) != weights(MLP(2, [4, 1], seed=2))
    random.seed(5)
    first = weights(MLP(2, [4, 1]))
    random.seed(5)
    assert weights(MLP(2, [4, 1])) == first


def test_zero_grad_clears_every_parameter():
    model = MLP(2, [3, 1])
    model([1.0, 2.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert not any(p.grad for p in model.parameters())


def test_neuron_is_the_sum_that_the_lecture_types():
    neuron = Neuron(2, activation="tanh")
    for p, value in zip(neuron.parameters(), (-3.0, 1.0, 6.8813735870195432), strict=True):
        p.data = value
    x = [Value(2.0), Value(0.0)]
    out = neuron(x)
    out.backward()
    assert out.data == pytest.approx(0.7071067811865476)
    assert [v.grad for v in (*neuron.w, *x)] == pytest.approx([1.0, 0.0, -1.5, 0.5])


@pytest.mark.parametrize("x", [[1.0], [1.0, 2.0, 3.0]])
def test_as_many_inputs_as_weights_are_needed(x):
    with pytest.raises(ValueError, match=r"is (longer|shorter) than"):
        Neuron(2)(x)

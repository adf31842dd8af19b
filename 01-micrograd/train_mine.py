"""Train a network with the plain forms of this lesson, those of the lecture, and nothing else.

`python -m micrograd learn start` copies this program to mine/train.py. There it runs what you have
written, from the slope of a function to the step of the optimizer.
"""

from micrograd.gradcheck import slope
from micrograd.losses import accuracy, max_margin
from micrograd.moons import two_moons
from micrograd.nn import MLP
from micrograd.optim import SGD

points, labels = two_moons(30, noise=0.1, seed=1337)
model = MLP(2, [8, 8, 1], activation="tanh", seed=2)
optimizer = SGD(model.parameters(), lr=1.0)
weight = model.parameters()[0]


def loss_with(x: float) -> float:
    """The loss of the network if its first weight were `x`."""
    before, weight.data = weight.data, x
    loss = max_margin([model(point) for point in points], labels)
    weight.data = before
    return loss.data


print(f"the first weight: nudged, the loss has a slope of {slope(loss_with, weight.data):.6f}")
for step in range(101):
    scores = [model(point) for point in points]
    loss = max_margin(scores, labels)

    optimizer.zero_grad()
    loss.backward()
    if step == 0:
        print(f"                  backward() finds a gradient of {weight.grad:.6f}")
    if step % 20 == 0:
        print(f"step {step}: loss {loss.data:.4f}, accuracy {accuracy(scores, labels):.1%}")
    optimizer.step()

"""Write it yourself: the steps of this lesson, and the mistakes that people make at each of them.

`python -m makemore learn` takes you through them; `shared.exercises` explains how a step is
declared. Read it as a list of what goes wrong when one writes makemore for the first time, but
write first.
"""

from itertools import product
from typing import Any

import torch
from torch import Tensor, tensor

from makemore.layers import BatchNorm1d
from makemore.loss import negative_log_likelihood, plain_cross_entropy
from makemore.manual_backprop import EPSILON, batch_norm_backward, cross_entropy_backward
from makemore.models.bigram import BigramCounts
from makemore.models.rnn import RNNCell
from makemore.words import Alphabet, build_dataset, word_rows
from shared.exercises import Ladder, Mistake, Step

BIGRAMS = "PaCmpygFfXo"
MLP = "TCH_1BHY58I"
BATCH_NORM_VIDEO = "P6sfmUTpUmc"
BACKPROP = "q8SA3rM6ckI"

Numbers = list[Any]  # lists of lists of numbers

NO_KEEPDIM = (
    "Without `keepdim=True`, the sums (or maxima) of the rows have the shape (n,), and "
    "broadcasting lines them up with the columns: column i gets the number of row i, and a square "
    "table raises no error. With `keepdim=True` the shape is (n, 1), one number for each row."
)
ONE_OF_EACH_ROW = (
    "You do not pick one number from each row, that of the character that actually came next: "
    "column y[i] of row i, `[range(len(y)), y]`. `[y]` takes whole rows, and `[:, y]` takes the "
    "columns `y` of every row."
)
NO_MINUS = (
    "The minus is missing. The logarithm of a probability is negative, and a loss should be "
    "smaller when the model is better."
)
LOG_OF_MEAN = (
    "The mean comes before the logarithm. Take the logarithm of each probability first: the "
    "logarithm of the mean hides a single very unlikely character."
)
NOT_THE_MEAN = (
    "This is not the mean over the targets: add up their losses, and divide by their number, "
    "len(y). Unlike a sum, a mean can be compared between texts of different lengths."
)

# The table of counts.


def count_pairs(*calls: list[str]) -> Any:
    """The pairs that were counted, and how often, after counting each list of words."""
    alphabet = Alphabet.of([word for words in calls for word in words])
    model = BigramCounts(len(alphabet))
    for words in calls:
        model.count(*word_rows(words, alphabet))
    counts, characters = model.counts, "." + alphabet.characters
    pairs = product(enumerate(characters), repeat=2)
    return [f"{a}{b} {counts[i, j]:g}" for (i, a), (j, b) in pairs if counts[i, j] != 0]


PAIRS = "x[y >= 0], y[y >= 0]"

COUNT = Step(
    "count",
    "models.bigram.BigramCounts.count",
    "counting pairs of characters",
    lecture=f"{BIGRAMS} 0:12:45",
    term="bigram",
    write=(
        "y[i, j] is the id of the character that follows x[i, j]. After the end of a word, "
        "y[i, j] is PADDING (-1); skip these positions. For every other pair, add 1 to "
        "self.counts[x[i, j], y[i, j]]. A loop is fine. (`check` shows the pairs as letters, and "
        "END as a dot.)"
    ),
    hints=(
        "The row is what comes first, the column what follows: self.counts[x[i, j], y[i, j]].",
        "Leave out the places where y is -1: as an index, -1 means the last column.",
        "Without a loop: `index_put_(…, accumulate=True)` adds a pair as often as it occurs.",
    ),
    probes=(
        "count_pairs(['ab'])",
        "count_pairs(['ab', 'a'])",
        "count_pairs(['ab', 'ab', 'ba', 'bbba'])",
        "count_pairs(['ab', 'b'], ['ab', 'a'])",
    ),
    parts={
        "": "The pairs are not counted right. Wherever y[i, j] is not PADDING, one is added in row "
        "x[i, j] and column y[i, j]."
    },
    mistakes=(
        Mistake(
            "A pair that occurs several times is counted once. `counts[x, y] += 1` reads all the "
            "old numbers before it writes a new one; `index_put_(…, accumulate=True)` adds each "
            "time. In a loop, write `+= 1`, not `= 1`.",
            f"self.counts[{PAIRS}] += 1",
            "self.counts[x, y] += 1",
            "for a, b in zip(x, y):\n    self.counts[a[b >= 0], b[b >= 0]] += 1",
            f"self.counts[{PAIRS}] = 1",
        ),
        Mistake(
            "Rows and columns are swapped: the row is the first character of a pair, the column "
            "the second.",
            {PAIRS: "y[y >= 0], x[y >= 0]"},
            {PAIRS: "y, x"},
        ),
        Mistake(
            "The places after the end of a word are counted, too. There, `y` is PADDING, -1, which "
            "is not a character; as an index, -1 silently means the last column. Leave them out.",
            {PAIRS: "x, y"},
        ),
        Mistake(
            "Pairs with END, the dot, are missing. END is counted like a letter, so that the model "
            "learns how words begin and end. Only PADDING, -1, is left out; END is 0.",
            *({PAIRS: f"x[{at}], y[{at}]"} for at in ("y > 0", "x > 0", "(x > 0) & (y > 0)")),
        ),
        Mistake(
            "The last pair of the longest word is missing. Either a loop ends too early, or you "
            "pair the characters of `x` with each other: what follows x[i, j] is y[i, j].",
            "for row in x:\n    for a, b in zip(row, row[1:]):\n        self.counts[a, b] += 1",
            {"pairs =": "x, y = x[:, :-1], y[:, :-1]\n        pairs ="},
        ),
        Mistake(
            "Counts are lost. Add to `self.counts`: a new table forgets what earlier calls "
            "counted, and `index_put`, without the underscore, leaves the old table as it is.",
            {"pairs =": "self.counts.zero_()\n        pairs ="},
            {"self.counts.index_put_": "self.counts.index_put"},
        ),
    ),
)


def probabilities(counts: Numbers, smoothing: float, calls: int = 1) -> Any:
    """What a model that has counted these answers to the last of some calls."""
    model = BigramCounts(len(counts), smoothing)
    model.counts.copy_(tensor(counts))
    return [model.probabilities() for _ in range(calls)][-1]


EMPTY_ROW = "torch.where(totals > 0, counts / totals, 1 / len(counts))"

PROBABILITIES = Step(
    "probabilities",
    "models.bigram.BigramCounts.probabilities",
    "probabilities from counts, with smoothing",
    lecture=f"{BIGRAMS} 0:36:17",
    term="smoothing",
    write=(
        "Add `self.smoothing` to every count of `self.counts`, and divide each row by its sum. "
        "`self.counts` itself has to stay as it is. (Without smoothing, a row may be empty: "
        "then each of its probabilities is 1 / vocab.)"
    ),
    hints=(
        "Row `a` holds what came after the character a. Its probabilities have to sum to 1.",
        "The sum is that of the smoothed counts, along dimension 1, with keepdim=True.",
        "counts = self.counts + self.smoothing; counts / counts.sum(1, keepdim=True)",
    ),
    probes=(
        "probabilities([[1, 3], [1, 1]], smoothing=0)",
        "probabilities([[1, 3], [1, 1]], smoothing=1)",
        "probabilities([[0, 2, 1], [4, 0, 0], [0, 0, 6]], smoothing=0.5)",
        "probabilities([[0, 3], [1, 1]], smoothing=1, calls=2)",
        "probabilities([[0, 0], [3, 1]], smoothing=0)",
    ),
    tolerance=1e-5,
    parts={
        "": "These are not the probabilities. Add the smoothing to every count, then divide each "
        "row by its sum."
    },
    mistakes=(
        Mistake(
            "The columns sum to 1, but the rows should. A row holds what came after one "
            "character, so sum along the row: sum(1, keepdim=True).",
            {"sum(1, keepdim=True)": "sum(0, keepdim=True)"},
        ),
        Mistake(NO_KEEPDIM, {"sum(1, keepdim=True)": "sum(1)"}),
        Mistake(
            "The whole table sums to 1, so these are probabilities of pairs. What you want is how "
            "likely the second character is after the first: every row has to sum to 1.",
            {"sum(1, keepdim=True)": "sum()"},
        ),
        Mistake(
            "The rows do not sum to 1, because the smoothing comes too late. Add `self.smoothing` "
            "to every count first; then divide each row by the sum of its smoothed counts.",
            {" + self.smoothing": "", EMPTY_ROW: f"{EMPTY_ROW} + self.smoothing"},
            {"totals = counts": "totals = self.counts"},
            {"totals = counts": "totals = self.smoothing + self.counts"},
        ),
        Mistake(
            "`self.smoothing` is not used. Add it to every count, so that a pair that never "
            "occurred gets some probability, too. (The lecture always adds 1.)",
            {" + self.smoothing": ""},
            {" + self.smoothing": " + 1"},
        ),
        Mistake(
            "Only the counts of 0 are smoothed. Add `self.smoothing` to every count; otherwise a "
            "pair that occurred once would be as likely as one that never did.",
            {"self.counts + self.smoothing": "self.counts.where(self.counts > 0, self.smoothing)"},
        ),
        Mistake(
            "The model's own counts change, so the next call gives something else. `+=` and `/=` "
            "change a tensor in place, and `.float()` of what is float already is no copy. Begin "
            "with a new tensor: self.counts + self.smoothing.",
            {"counts = self.counts +": "counts = self.counts\n        counts +="},
            "P = self.counts.float()\nP += self.smoothing\nP /= P.sum(1, keepdim=True)\nreturn P",
        ),
        Mistake(
            "That is softmax, which is for logits. These are counts already: divide by the sum of "
            "the row, without exp.",
            "return (self.counts + self.smoothing).softmax(1)",
        ),
        Mistake(
            "Without smoothing, though, the row of a character that nothing ever followed does "
            "not sum to 1 (0 / 0 is nan). The lesson's code makes such a row uniform.",
            {EMPTY_ROW: "counts / totals"},
            {EMPTY_ROW: EMPTY_ROW.replace("1 / len(counts)", "0.0")},
            passes=True,
        ),
    ),
)


PICKED = "probs[range(len(y)), y]"

NEGATIVE_LOG_LIKELIHOOD = Step(
    "nll",
    "loss.negative_log_likelihood",
    "the negative log likelihood",
    lecture=f"{BIGRAMS} 0:50:14",
    term="negative log likelihood",
    write=(
        "Row i of `probs` is a distribution over all characters, and y[i] is the character that "
        "actually came next. Take the probability that each row gives to it, and return the mean "
        "of minus their logarithms."
    ),
    hints=(
        "First pick one probability from each row: the one in column y[i] of row i.",
        "probs[range(len(y)), y] does it at once; in the lecture, torch.arange(n) for range.",
        "Then the logarithm of each, their mean, and a minus.",
    ),
    probes=(
        "negative_log_likelihood(tensor([[0.25, 0.75]]), tensor([0]))",
        "negative_log_likelihood(tensor([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]]), tensor([2, 0]))",
    ),
    tolerance=1e-5,
    parts={
        "": "This is not the mean of -log p, where p is the probability that a row gives to its "
        "target: one number for all rows together."
    },
    mistakes=(
        Mistake(NO_MINUS, {"-probs": "probs"}),
        Mistake(
            NOT_THE_MEAN,
            {".mean()": ".sum()"},
            {".mean()": ""},
            {".mean()": ".sum() / probs.shape[1]"},
        ),
        Mistake(
            "The logarithm is missing. The likelihood is the product of the probabilities; the "
            "logarithm makes it a sum. (`F.nll_loss`, in spite of its name, does not take it: it "
            "wants log-probabilities.)",
            {".log()": ""},
            f"return {PICKED}.mean()",
            f"return {PICKED}.prod()",
        ),
        Mistake(LOG_OF_MEAN, {".log().mean()": ".mean().log()"}),
        Mistake(
            ONE_OF_EACH_ROW,
            {PICKED: "probs"},
            "return -probs.log().sum(1).mean()",
            {PICKED: "probs[:, y]"},
            {PICKED: "probs[y]"},
            {PICKED: "probs[y, range(len(y))]"},
        ),
        Mistake(
            "Only one target counts. Either the `return` is inside the loop, or each turn "
            "overwrites the sum: where you wrote `=`, write `+=`.",
            *(f"return -probs[{i}, y[{i}]].log(){n}" for i in (0, -1) for n in ("", " / len(y)")),
        ),
        Mistake(
            "These are bits, or decimal digits: the logarithm has base 2 or 10. The lesson "
            "measures in nats, with the natural logarithm, `log`.",
            *({".log()": f".log{base}()"} for base in (2, 10)),
        ),
        Mistake(
            "You take the softmax of probabilities. `F.cross_entropy` and `log_softmax` are for "
            "logits.",
            "return F.cross_entropy(probs, y)",
        ),
    ),
)


# Longer contexts.


def windows(words: list[str], block_size: int) -> Any:
    """What build_dataset makes of these words, as the lecture prints it: `..a -> v`."""
    alphabet = Alphabet.of(words)
    found = build_dataset(words, alphabet, block_size)

    def spell(ids: Tensor) -> str:
        names = {0: ".", **{i: c for c, i in alphabet.stoi.items()}}
        return "".join(names.get(i, f"<{i}>") for i in ids.tolist())

    if not isinstance(found, tuple | list) or [type(part) for part in found] != [Tensor, Tensor]:
        return found
    x, y = found
    if x.ndim != 2 or y.shape != x.shape[:1] or x.is_floating_point() or y.is_floating_point():
        return [f"{tuple(part.shape)}, {part.dtype}" for part in (x, y)]
    return [f"{spell(seen)} -> {spell(target)}" for seen, target in zip(x, y.view(-1, 1))]


BEGIN, ROLL = "    context = [0] * block_size\n", "context = context[1:] + [ix]"
LOOP = f"""
xs, ys = [], []
for word in words:
{BEGIN}
    for ix in [*alphabet.encode(word), 0]:
        xs.append(context)
        ys.append(ix)
        {ROLL}
return torch.tensor(xs), torch.tensor(ys)
"""
SLICES = """
xs, ys = [], []
for word in words:
    ids = [*alphabet.encode(word), 0]
    for i in range(len(ids) - block_size):
        xs.append(ids[i : i + block_size])
        ys.append(ids[i + block_size])
return torch.tensor(xs).view(-1, block_size), torch.tensor(ys, dtype=torch.long)
"""

WINDOWS = Step(
    "windows",
    "words.build_dataset",
    "windows of context",
    lecture=f"{MLP} 0:09:03",
    term="context",
    write=(
        "For every character of every word, and for the END (id 0) after it, make an example: the "
        "`block_size` ids before it, and its own id. Before a word there is nothing but END. "
        "Return two tensors, (example, block_size) and (example,), in the order of the words. "
        "`alphabet.encode(word)` is the list of a word's ids. (`check` shows ids as letters, and "
        "END as a dot: ..a -> v.)"
    ),
    hints=(
        "Begin each word with the context [0] * block_size, and go through its ids and a 0.",
        "First append the context and the id to your lists, then move the context on.",
        "Moving on: drop the oldest id, append the newest, in a new list: context[1:] + [ix].",
    ),
    probes=(
        "windows(['ab'], block_size=2)",
        "windows(['ab'], block_size=1)",
        "windows(['abca'], block_size=2)",
        "windows(['ab', 'cab'], block_size=3)",
    ),
    parts={
        "": "These are not the windows and their targets. Return two tensors of ids, first the "
        "windows, (example, block_size), then the targets, (example,), one id for each window."
    },
    mistakes=(
        Mistake(
            "Each window ends with its own target, so the network would only have to copy it. The "
            "target is what comes after the window: append both first, then move the context on.",
            LOOP.replace("append(context)", "append(context[1:] + [ix])"),
            LOOP.replace("append(ix)", "append(context[-1])"),
        ),
        Mistake(
            "The targets are one place too late: the target comes directly after the window.",
            SLICES.replace("[*", "[*[0] * block_size, *")
            .replace("- block_size", "- block_size - 1")
            .replace("ys.append(ids[i + block_size", "ys.append(ids[i + block_size + 1"),
        ),
        Mistake(
            "The end of a word is never predicted. After the last character comes END, and the "
            "model has to learn that, too.",
            LOOP.replace(", 0]:", "]:"),
        ),
        Mistake(
            "Each word has an example too many, which predicts END at its beginning. The first "
            "target of a word is its first character.",
            LOOP.replace("[*alphabet", "[0, *alphabet"),
        ),
        Mistake(
            "A word begins with the context of the word before it. Begin every word with nothing "
            "but END: [0] * block_size, inside the loop over the words.",
            "context = [0] * block_size" + LOOP.replace(BEGIN, ""),
        ),
        Mistake(
            "The beginnings of words are missing: you start when the window is full. The first "
            "windows of a word are filled with END.",
            SLICES,
            SLICES.replace("[*", "[0, *"),
            SLICES.replace("[*", "[*[0] * (block_size - 1), *"),
        ),
        Mistake(
            "The context does not move on as it should. It reads like the word, so the oldest id "
            "leaves on the left, and the newest comes in on the right: context[1:] + [ix].",
            LOOP.replace(ROLL, ""),
            LOOP.replace(ROLL, "context = context[:-1] + [ix]"),
            LOOP.replace(ROLL, "context = [ix] + context[:-1]"),
        ),
        Mistake(
            "All windows of a word are the same, the last one: you appended one list again and "
            "again and changed it afterwards. Append a copy, or make a new list at every turn: "
            "context = context[1:] + [ix].",
            LOOP.replace(ROLL, "context.append(ix); context.pop(0)"),
        ),
        Mistake(
            "Your contexts are too short or too long, or filled up on the right. A context always "
            "has block_size ids: where there is no character yet, on the left, there is END, as in "
            "`..a`; and when an id comes in, the oldest goes.",
            LOOP.replace(ROLL, "context = context + [ix]"),
            LOOP.replace(BEGIN, "    context = []"),
            LOOP.replace(BEGIN, "    context = [0]").replace(
                ROLL, "context = (context + [ix])[-block_size:]"
            ),
            LOOP.replace(BEGIN, "    context = [0] * 3"),
            LOOP.replace(BEGIN, "    context = [-1] * block_size"),
            LOOP.replace(BEGIN, "    context = []")
            .replace("append(context)", "append((context + [0] * block_size)[:block_size])")
            .replace(ROLL, "context = (context + [ix])[-block_size:]"),
        ),
        Mistake(
            "Only one word is there. Either the `return` is inside the loop over the words, or "
            "each word begins with new, empty lists: make them once, before the loop.",
            LOOP.replace("in words:", "in words[:1]:"),
            LOOP.replace("in words:", "in words[-1:]:"),
        ),
    ),
)


# The loss.


def loss_and_gradient(logits: Numbers, y: list[int]) -> Any:
    """The loss, and the gradient of the logits."""
    leaf = tensor(logits, requires_grad=True)
    loss = plain_cross_entropy(leaf * 1, tensor(y))
    if isinstance(loss, Tensor) and loss.requires_grad:
        loss.sum().backward()
    return {"loss": loss, "gradient": leaf.grad}


SQUARE = "tensor([[2.0, 1.0, 0.0], [0.5, -1.0, 3.0], [1.0, 4.0, 1.0]]), tensor([0, 1, 1])"
MAX = "logits = logits - logits.max(1, keepdim=True).values"
BY_PROBS = """
logits = logits - logits.max(1, keepdim=True).values
counts = logits.exp()
probs = counts / counts.sum(1, keepdim=True)
return -probs[range(len(y)), y].log().mean()
"""

CROSS_ENTROPY = Step(
    "cross-entropy",
    "loss.plain_cross_entropy",
    "cross-entropy that does not overflow",
    lecture=f"{MLP} 0:32:49",
    term="cross-entropy",
    write=(
        "Return the mean of -log p over the targets, where p is the softmax: exp of the target's "
        "logit, divided by the sum of exp over its row. exp(300) overflows, so make it safe: "
        "softmax does not change when the same number is subtracted from all logits of a row. "
        "Write it with exp, sum and log, and let autograd go back through it."
    ),
    hints=(
        "Subtract the largest logit of the row; then no exp is above 1.",
        "log(exp(a) / sum) is a - log(sum).",
        "logprobs = logits - logits.exp().sum(1, keepdim=True).log(); then pick one of each row.",
    ),
    probes=(
        "plain_cross_entropy(tensor([[2.0, 1.0, 0.0]]), tensor([0]))",
        "plain_cross_entropy(tensor([[2.0, 1.0, 0.0], [0.5, -1.0, 3.0]]), tensor([0, 1]))",
        f"plain_cross_entropy({SQUARE})",
        "plain_cross_entropy(tensor([[300.0, 299.0, 0.0]]), tensor([1]))",
        "plain_cross_entropy(tensor([[-300.0, -301.0]]), tensor([1]))",
        "plain_cross_entropy(tensor([[300.0, 299.0], [0.5, 1.5]]), tensor([1, 0]))",
        "loss_and_gradient([[2.0, 1.0, 0.0], [0.5, -1.0, 3.0]], [0, 1])",
        "plain_cross_entropy(tensor([[0.0, 200.0]]), tensor([0]))",
    ),
    tolerance=1e-4,
    parts={
        "gradient": (
            "The loss is right, but not the gradient of the logits. `.item()`, `.detach()`, "
            "`.data` and `no_grad` cut the graph, so a network could not learn from this loss."
        ),
    },
    mistakes=(
        Mistake(
            "exp overflows, or every exp of a row is 0: exp(300) is inf, and exp(-300) is 0, so "
            "the loss becomes nan or infinite. Subtract the largest logit of each row first, not "
            "that of the whole batch. It changes no probability.",
            {MAX: "pass"},
            BY_PROBS.replace(MAX, ""),
            {"max(1, keepdim=True).values": "mean(1, keepdim=True)"},
            BY_PROBS.replace("max(1, keepdim=True).values", "mean(1, keepdim=True)"),
            {"max(1, keepdim=True).values": "max()"},
            BY_PROBS.replace("max(1, keepdim=True).values", "max()"),
        ),
        Mistake(
            "The maximum or the sum of exp is not that of each row. Softmax is for each row by "
            "itself: take both along dimension 1, so that the row's probabilities sum to 1.",
            {"max(1": "max(0"},
            BY_PROBS.replace("max(1", "max(0"),
            {"sum(1": "sum(0"},
            {"sum(1, keepdim=True)": "sum()"},
            BY_PROBS.replace("(1, keepdim", "(0, keepdim"),
            "return -logits.log_softmax(0)[range(len(y)), y].mean()",
        ),
        Mistake(
            NO_KEEPDIM,
            {"max(1, keepdim=True)": "max(1)"},
            {"sum(1, keepdim=True)": "sum(1)"},
            {"max(1, keepdim=True)": "max(1)", "sum(1, keepdim=True)": "sum(1)"},
            BY_PROBS.replace("max(1, keepdim=True)", "max(1)"),
            BY_PROBS.replace(", keepdim=True", ""),
            BY_PROBS.replace(MAX, "").replace(", keepdim=True", ""),
        ),
        Mistake(NO_MINUS, {"return -": "return "}),
        Mistake(
            NOT_THE_MEAN,
            {".mean()": ".sum()"},
            {".mean()": ""},
            {".mean()": ".sum() / logits.shape[1]"},
        ),
        Mistake(
            ONE_OF_EACH_ROW,
            {"logprobs[range(len(y)), y]": "logprobs"},
            {"logprobs[range(len(y)), y]": "logprobs.sum(1)"},
            {"[range(len(y)), y]": "[:, y]"},
            {"[range(len(y)), y]": "[y]"},
        ),
        Mistake(
            "What you average is not the logarithm of a probability. That is log(exp(a) / sum) = a "
            "- log(sum): not the logit a, not the probability itself, and not a - sum.",
            {" - logits.exp().sum(1, keepdim=True).log()": ""},
            "return -logits[range(len(y)), y].mean()",
            {"keepdim=True).log()": "keepdim=True)"},
            BY_PROBS.replace(".log()", ""),
        ),
        Mistake(LOG_OF_MEAN, BY_PROBS.replace(".log().mean()", ".mean().log()")),
        Mistake(
            "You subtract the maximum inside the sum but not from the target's logit. Use the new "
            "logits in both places, or add the maximum back to the logarithm of the sum.",
            "return (logits.logsumexp(1) - logits.max(1)[0] - logits[range(len(y)), y]).mean()",
        ),
        Mistake(
            "You apply softmax twice: `F.cross_entropy` and `log_softmax` take logits.",
            "return F.cross_entropy(logits.softmax(1), y)",
        ),
        Mistake(
            "If a target's probability is so small that it becomes 0, though, the loss is "
            "infinite, or stops growing. The lesson's code never computes the probability: "
            "log(exp(a) / sum) = a - log(sum).",
            BY_PROBS,
            *(BY_PROBS.replace(".log()", f".add(1e-{n}).log()") for n in (7, 8, 9, 10, 12)),
            passes=True,
        ),
    ),
)


# Batch normalization.


def normalized(x: Numbers, **numbers: Any) -> Any:
    """The output of a new batch norm in training."""
    return _batch_norm(x, **numbers)(tensor(x))


def running(*batches: Numbers, momentum: float = 0.1) -> Any:
    """The running mean and variance after these batches; at first they are 0 and 1."""
    norm = _batch_norm(batches[0], momentum=momentum)
    for batch in batches:
        norm(tensor(batch))
    return _statistics(norm)


def in_evaluation(x: Numbers, **numbers: Any) -> Any:
    """The output in evaluation with these running statistics, and what becomes of these."""
    norm = _batch_norm(x, **numbers).eval()
    return {"output": norm(tensor(x)), **_statistics(norm)}


def batch_norm_gradients(x: Numbers, upstream: Numbers) -> Any:
    """The gradients, when that of the output is `upstream`."""
    leaf = tensor(x, requires_grad=True)
    norm = _batch_norm(x, gamma=[2.0] * len(x[0]))
    out = norm(leaf)
    if out.requires_grad:
        (out * tensor(upstream)).sum().backward()
    return {"x": leaf.grad}


def has_history(x: Numbers) -> Any:
    """Whether autograd remembers how the running statistics were computed."""
    norm = _batch_norm(x)
    norm(tensor(x, requires_grad=True))
    return norm.running_mean.requires_grad or norm.running_var.requires_grad


def _batch_norm(
    x: Numbers, eps: float = 1e-5, momentum: float = 0.1, **numbers: list[float]
) -> BatchNorm1d:
    """A layer for these examples whose parameters and running statistics are these numbers."""
    norm = BatchNorm1d(tensor(x).shape[-1], eps, momentum)
    with torch.no_grad():
        for name, values in numbers.items():
            getattr(norm, name).copy_(tensor(values))
    return norm


def _statistics(norm: BatchNorm1d) -> dict[str, Any]:
    return {name: getattr(norm, name).flatten() for name in ("running_mean", "running_var")}


BATCH = "[[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]]"
OTHER_BATCH = "[[0.0, 5.0], [4.0, 1.0], [5.0, 3.0]]"
WORDS_OF_TWO = "[[[1.0, 8.0], [5.0, 2.0]], [[2.0, 4.0], [4.0, 0.0]], [[9.0, 3.0], [0.0, 7.0]]]"
OVER = "over = tuple(range(x.ndim - 1))"
VAR = "((x - mean) ** 2).mean(over)"
UNBIASED = {VAR: "x.var(over)", "var * n / (n - 1)": "var"}
STD = "(var + self.eps).sqrt()"
OUT = f"self.gamma * (x - mean) / {STD} + self.beta"
IF, ALWAYS = "        if self.training:", "        if True:"
OLD = "        old = self.running_mean.clone(), self.running_var.clone()\n"
NEW_TENSORS = {
    f"self.running_{name}.lerp_": f"self.running_{name} = self.running_{name}.lerp"
    for name in ("mean", "var")
}
BATCH_ALONE = {OVER: "over = 0", "n = x.numel() // x.shape[-1]": "n = len(x)"} | NEW_TENSORS
OVER_CHANNELS = {
    "x.mean(over)": "x.mean(-1, keepdim=True)",
    VAR: "x.var(-1, keepdim=True, correction=0)",
}
MOVES = "In training, it moves toward the batch's: (1 - momentum) * old + momentum * batch."

BATCH_NORM = Step(
    "batch-norm",
    "layers.BatchNorm1d.forward",
    "batch norm",
    lecture=f"{BATCH_NORM_VIDEO} 0:40:40",
    term="batch normalization",
    write=(
        "Normalize every channel: subtract its mean, and divide by the square root of (its "
        "variance + self.eps). Then multiply by self.gamma, and add self.beta. In training "
        "(self.training), mean and variance are those of `x` over all dimensions but the last; "
        "this variance is divided by n. The running ones move toward them: new = (1 - "
        "self.momentum) * old + self.momentum * batch, where the batch's variance is divided by n "
        "- 1, as in torch.nn. In evaluation, self.running_mean and self.running_var take their "
        "place, and do not move."
    ),
    hints=(
        "x.mean((0, 1)) takes two dimensions; tuple(range(x.ndim - 1)) is all but the last.",
        "The variance is the mean of (x - mean)²; x.var(…) has to be told unbiased=False.",
        "The running statistics are not parameters: update them inside torch.no_grad(). Their "
        "variance is x's, times n / (n - 1).",
    ),
    probes=(
        "normalized([[1.0], [3.0]])",
        f"normalized({BATCH})",
        f"normalized({BATCH}, gamma=[2.0, 3.0], beta=[0.5, -1.0])",
        "normalized([[1.0], [3.0]], eps=3.0)",
        f"running({BATCH})",
        f"running({BATCH}, {OTHER_BATCH}, momentum=0.25)",
        "in_evaluation([[1.0], [3.0], [7.0]], running_mean=[2.0], running_var=[4.0])",
        f"normalized({WORDS_OF_TWO})",
        f"running({WORDS_OF_TWO})",
        "batch_norm_gradients([[1.0], [2.0], [6.0]], upstream=[[1.0], [0.0], [3.0]])",
        f"has_history({BATCH})",
    ),
    tolerance=1e-5,
    parts={
        "running_mean": f"The running mean is not right. {MOVES}",
        "running_var": (
            f"The running variance is not right; it is made of variances divided by n - 1. {MOVES}"
        ),
        "x": (
            "The output is right, but not the gradient of `x`. In training, mean and variance "
            "depend on `x`, too: only the update of the running statistics belongs in no_grad."
        ),
    },
    mistakes=(
        Mistake(
            "The variance is divided by n - 1: `x.var(…)` and `x.std(…)` do so unless you say "
            "unbiased=False, and so does the lecture's code. The paper and torch.nn divide by n "
            "where they normalize, and by n - 1 only for the running variance.",
            {VAR: "x.var(over)"},
            UNBIASED,
            BATCH_ALONE | UNBIASED,
        ),
        Mistake(
            "For the running variance you divide by n. It estimates the variance of all examples, "
            "not only of this batch, so torch.nn divides by n - 1: times n / (n - 1).",
            {"var * n / (n - 1)": "var"},
        ),
        Mistake(
            "With (batch, time, channel) you take the statistics over the batch alone, so each "
            "time has its own: the bug of lecture 6. Take them over all dimensions but the last.",
            {OVER: "over = 0"},
            {OVER: "over = 0"} | NEW_TENSORS,
            BATCH_ALONE,
        ),
        Mistake(
            "You do not normalize each channel over the examples. Normalizing each example over "
            "its channels is layer norm, and one mean for all numbers mixes the channels.",
            OVER_CHANNELS,
            OVER_CHANNELS | NEW_TENSORS,
            {"x.mean(over)": "x.mean()", VAR: "((x - mean) ** 2).mean()"},
        ),
        Mistake(
            "You do not divide by the square root of (variance + self.eps). Without the root, the "
            "variance of the result is not 1; without self.eps, a channel that is the same in "
            "every example gives 0 / 0.",
            {STD: "(var + self.eps)"},
            {STD: "var.sqrt()"},
            {STD: "(var.sqrt() + self.eps)"},
        ),
        Mistake(
            "The learned scale or shift is missing, or they are not in their places. Multiply by "
            "self.gamma first, then add self.beta.",
            {OUT: f"(x - mean) / {STD}"},
            {" + self.beta": ""},
            {"self.gamma * ": ""},
            {OUT: f"self.gamma * ((x - mean) / {STD} + self.beta)"},
            {OUT: f"self.beta * (x - mean) / {STD} + self.gamma"},
        ),
        Mistake(
            "The momentum is the wrong way around: in PyTorch, it is the share of the new. With "
            "0.1, a tenth of the running mean comes from the batch, nine tenths from the old one.",
            {
                "mean, self.momentum": "mean, 1 - self.momentum",
                "(n - 1), self.momentum": "(n - 1), 1 - self.momentum",
            },
        ),
        Mistake(
            "You normalize with the wrong mean and variance. In training they are those of the "
            "batch; in evaluation the running ones take their place, so that an example does not "
            "depend on the others.",
            {"if self.training:": "if True:"},
            {"if self.training:": "if False:"},
            {IF: OLD + IF, "return": "mean, var = old\n        return"},
            {"self.running_mean, self.running_var\n": "x.mean(0), x.var(0, correction=0)\n"},
            {"self.running_mean, self.running_var\n": "x.mean(0), x.var(0)\n"},
            {"if self.training:": "if not self.training:"},
            {OUT: OUT.replace("mean", "self.running_mean").replace("var", "self.running_var")},
        ),
        Mistake(
            "The running statistics move in evaluation, too, so testing the model changes it. "
            "Update them only if self.training.",
            {IF: ALWAYS, "        else:": "        if not self.training:"},
            {
                IF: OLD + ALWAYS,
                "return": "if not self.training:\n            mean, var = old\n        return",
            },
            {
                "self.running_var\n": "self.running_var.clone()\n            n = len(x)\n"
                "            self.running_var.lerp_(var * n / (n - 1), self.momentum)\n",
            },
        ),
        Mistake(
            "But update the running statistics inside `with torch.no_grad():`. As it is, autograd "
            "keeps the history of every batch, and memory fills up.",
            {"with torch.no_grad():": "if True:"},
            passes=True,
        ),
    ),
)


# Backward by hand.


SOFTMAX = "logits.softmax(1)"
ONE_HOT = "F.one_hot(y, logits.shape[1])"
DIFFERENCE = f"({SOFTMAX} - {ONE_HOT})"


def with_and_without_n(formula: str) -> tuple[dict[str, str], dict[str, str]]:
    """Another formula for the difference, divided by n or not."""
    return {DIFFERENCE: f"({formula})"}, {f"{DIFFERENCE} / len(y)": formula}


def minus_1_at(index: str) -> tuple[str, str]:
    """Subtracts 1 at other places, and divides by n or not."""
    body = f"d = {SOFTMAX}\nd[{index}] -= 1\nreturn d"
    return f"{body} / len(y)", body


CROSS_ENTROPY_BACKWARD = Step(
    "cross-entropy-backward",
    "manual_backprop.cross_entropy_backward",
    "backward through cross-entropy, at once",
    lecture=f"{BACKPROP} 1:26:31",
    term="backpropagation",
    write=(
        "The loss is the mean over the n rows of -log softmax(logits)[i, y[i]]. Return its "
        "gradient with respect to the logits, (n, vocab), in one formula."
    ),
    hints=(
        "Look at one row: the loss is -l[y] + log Σ exp(l). What is its derivative with respect "
        "to l[y], and with respect to another logit?",
        "The derivative of log Σ exp(l) with respect to l[j] is exp(l[j]) / Σ exp(l): softmax.",
        "Softmax, minus 1 at the target; and since the loss is a mean, all of it divided by n.",
    ),
    probes=(
        "cross_entropy_backward(tensor([[0.0, 0.0]]), tensor([0]))",
        "cross_entropy_backward(tensor([[2.0, 1.0, 0.0]]), tensor([1]))",
        "cross_entropy_backward(tensor([[2.0, 1.0, 0.0], [0.5, -1.0, 3.0]]), tensor([0, 1]))",
        f"cross_entropy_backward({SQUARE})",
    ),
    tolerance=1e-5,
    parts={
        "": "This is not the gradient of the logits: softmax of each row, minus 1 at its target, "
        "all of it divided by n."
    },
    mistakes=(
        Mistake(
            "The gradient is not divided by n, or not all of it. The loss is a mean over n "
            "examples, so the whole difference is divided by their number: (softmax - 1 at the "
            "target) / len(y).",
            {" / len(y)": ""},
            {DIFFERENCE: f"{SOFTMAX} - {ONE_HOT}"},
            {f"{DIFFERENCE} / len(y)": f"{SOFTMAX} / len(y) - {ONE_HOT}"},
            {"len(y)": "logits.shape[1]"},
            {"len(y)": "logits.numel()"},
        ),
        Mistake(
            "The 1 at the target is missing: these are the probabilities. The target's logit "
            "should rise, so its gradient is p - 1.",
            *with_and_without_n(SOFTMAX),
        ),
        Mistake(
            "This is the gradient of the log-probabilities, -1/n at the target, or of the "
            "probabilities, -1 / (n p), and 0 elsewhere. It has to go on through the softmax, "
            "which gives every logit a part.",
            *with_and_without_n(f"-{ONE_HOT}"),
            *with_and_without_n(f"-{ONE_HOT} / {SOFTMAX}"),
        ),
        Mistake(
            "A sign is wrong. A step against the gradient has to raise the target's logit, so its "
            "gradient is negative, p - 1, and that of the others is p: softmax minus one-hot.",
            *with_and_without_n(f"{ONE_HOT} - {SOFTMAX}"),
            {DIFFERENCE: f"({SOFTMAX} + {ONE_HOT})"},
            *with_and_without_n(f"torch.where({ONE_HOT} == 1, 1 - {SOFTMAX}, {SOFTMAX})"),
        ),
        Mistake(
            "You do not subtract 1 at one place of each row, its target: column y[i] of row i. "
            "That is d[range(len(y)), y] -= 1, or softmax - F.one_hot(y, vocab). `[y]` is whole "
            "rows, and `[:, y]` the columns `y` of every row.",
            *minus_1_at(":, y"),
            *minus_1_at("y"),
            *minus_1_at("y, range(len(y))"),
            *with_and_without_n(f"{SOFTMAX} - 1"),
            *with_and_without_n(f"{SOFTMAX} - y[:, None]"),
        ),
        Mistake(
            "The target gets -1 instead of p - 1: where you wrote `= -1`, write `-= 1`.",
            *with_and_without_n(f"torch.where({ONE_HOT} == 1, -1.0, {SOFTMAX})"),
        ),
        Mistake(
            "p (1 - p) is the derivative of a probability, not that of the loss, which is -log p. "
            "The logarithm's derivative, 1/p, cancels a factor p: what is left is p - 1 at the "
            "target, and p elsewhere.",
            *with_and_without_n(f"{SOFTMAX} * (1 - {SOFTMAX})"),
            *with_and_without_n(f"{SOFTMAX} * {DIFFERENCE}"),
        ),
        Mistake(
            "You do not begin with the probabilities of each row. They are the softmax of the "
            "logits along dimension 1: exp of each, divided by the sum of its row.",
            *with_and_without_n(f"logits.softmax(0) - {ONE_HOT}"),
            *with_and_without_n(f"logits - {ONE_HOT}"),
            *with_and_without_n(f"logits.exp() - {ONE_HOT}"),
            *with_and_without_n(f"logits.log_softmax(1) - {ONE_HOT}"),
        ),
    ),
)


def hprebn_gradient(hprebn: Numbers, d_bnraw: Tensor) -> Any:
    """What `batch_norm_backward` makes of the gradient of the normalized `hprebn`."""
    x = tensor(hprebn)
    bnvar_inv = (x.var(0, keepdim=True) + EPSILON) ** -0.5
    return batch_norm_backward(d_bnraw, (x - x.mean(0, keepdim=True)) * bnvar_inv, bnvar_inv)


SHIFT = "shift = d_bnraw.mean(0)"
RESULT = "bnvar_inv * (d_bnraw - shift - bnraw * stretch)"

BATCH_NORM_BACKWARD = Step(
    "batch-norm-backward",
    "manual_backprop.batch_norm_backward",
    "backward through batch norm, at once",
    lecture=f"{BACKPROP} 1:36:37",
    term="batch normalization",
    write=(
        "Forward was bnraw = (hprebn - mean) * bnvar_inv, where bnvar_inv is "
        "(variance + EPSILON) ** -0.5, and the variance is divided by n - 1. Given `d_bnraw`, the "
        "gradient of bnraw, return that of hprebn, (n, channel). Mean and variance depend on every "
        "hprebn of the channel. (The lecture's formula has gamma in it, too, and 1/n in front.)"
    ),
    hints=(
        "hprebn acts on bnraw in three ways: directly, through the mean, and through the variance. "
        "So there are three terms; the direct one is bnvar_inv * d_bnraw.",
        "Through the mean: each hprebn moves all of the channel's bnraw down by bnvar_inv / n. So "
        "the mean of d_bnraw is subtracted.",
        "Through the variance: bnraw * Σ (d_bnraw * bnraw) / (n - 1) is subtracted.",
    ),
    probes=(
        "hprebn_gradient([[1.0, 0.0], [2.0, 3.0], [6.0, 1.0]], "
        "tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]))",
        "hprebn_gradient([[1.0, 0.0], [2.0, 3.0], [6.0, 1.0]], "
        "tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 2.0]]))",
        "hprebn_gradient([[1.0, 10.0], [2.0, 30.0], [6.0, 20.0], [4.0, 10.0]], "
        "tensor([[1.0, 2.0], [0.5, 0.0], [3.0, -1.0], [0.0, 4.0]]))",
    ),
    tolerance=1e-4,
    parts={
        "": "This is not the gradient of hprebn. It is bnvar_inv times three terms: d_bnraw, minus "
        "its mean, minus bnraw * Σ (d_bnraw * bnraw) / (n - 1)."
    },
    mistakes=(
        Mistake(
            "You treat the mean and the variance as constants. They depend on hprebn, too: one "
            "that grows raises the mean, so all others come out lower.",
            {RESULT: "bnvar_inv * d_bnraw"},
        ),
        Mistake(
            "The part through the variance is missing, or it comes out as 0 (Σ bnraw is 0 in every "
            "channel). hprebn also changes the variance, which scales every bnraw of its channel: "
            "a term with Σ (d_bnraw * bnraw) is subtracted.",
            {" - bnraw * stretch": ""},
        ),
        Mistake(
            "The direct part is missing: bnvar_inv * d_bnraw. The gradient of (hprebn - mean) has "
            "two parts, which add up; where you wrote `=` for the second, write `+=`.",
            {"(d_bnraw - shift - bnraw * stretch)": "(-bnraw * stretch)"},
        ),
        Mistake(
            "The part through the mean is missing: each hprebn raises the mean, and so lowers all "
            "of the channel's bnraw. Subtract the mean of d_bnraw.",
            {" - shift": ""},
        ),
        Mistake(
            "You divide by n in the part through the variance. In the forward pass the variance "
            "was divided by n - 1 (Bessel's correction), so its derivative is, too.",
            {"(len(bnraw) - 1)": "len(bnraw)"},
        ),
        Mistake(
            "A term is divided by the wrong number. With n examples, len(bnraw), d_bnraw is not "
            "divided, the sum of d_bnraw is divided by n, and that of d_bnraw * bnraw by n - 1. "
            "(In the lecture's formula 1/n stands in front of everything, so the first term is n * "
            "d_bnraw.)",
            {SHIFT: "shift = d_bnraw.sum(0) / (len(bnraw) - 1)"},
            {RESULT: "len(bnraw) * bnvar_inv * (d_bnraw - shift - bnraw * stretch)"},
            {RESULT: "bnvar_inv * (d_bnraw / len(bnraw) - shift - bnraw * stretch)"},
            {SHIFT: "shift = d_bnraw.sum(0)"},
            {" / (len(bnraw) - 1)": ""},
            {" / (len(bnraw) - 1)": " / (len(bnraw) - 1) / len(bnraw)"},
            {" / (len(bnraw) - 1)": " * (len(bnraw) - 1) / len(bnraw) ** 2"},
            {SHIFT: "shift = d_bnraw.sum(0)", " / (len(bnraw) - 1)": ""},
            {SHIFT: "shift = d_bnraw.sum(0) / bnraw.shape[1]", "len(bnraw)": "bnraw.shape[1]"},
        ),
        Mistake(
            "A sign is wrong. What goes through the mean and through the variance lowers the "
            "gradient: both are subtracted.",
            {"- shift": "+ shift"},
            {"- bnraw * stretch": "+ bnraw * stretch"},
            {"- shift - bnraw * stretch": "+ shift + bnraw * stretch"},
        ),
        Mistake(
            "bnvar_inv is missing, or it comes in where it should not. All three terms are "
            "multiplied by it once; it is 1 / √(variance + ε) already.",
            {"bnvar_inv * (d_bnraw": "(d_bnraw"},
            {RESULT: "(bnvar_inv * d_bnraw - shift - bnraw * stretch)"},
            {"bnvar_inv * (d": "1 / bnvar_inv * (d"},
            {"bnvar_inv * (d": "bnvar_inv**2 * (d"},
            {RESULT: "bnvar_inv * (d_bnraw - shift) - bnraw * stretch / bnvar_inv"},
        ),
        Mistake(
            "A sum over the examples is missing, or it goes over the channels. Mean and variance "
            "are those of a channel, so both sums are one number for each channel: sum(0).",
            {"mean(0)": "mean(1, keepdim=True)", "sum(0)": "sum(1, keepdim=True)"},
            {"mean(0)": "sum(1, keepdim=True) / len(bnraw)", "sum(0)": "sum(1, keepdim=True)"},
            {"mean(0)": "mean()", "sum(0)": "sum()"},
            {"mean(0)": "sum() / len(bnraw)", "sum(0)": "sum()"},
            {".sum(0)": ""},
            {SHIFT: "shift = d_bnraw / len(bnraw)"},
            {SHIFT: "shift = d_bnraw / len(bnraw)", ".sum(0)": ""},
        ),
        Mistake(
            "In the part through the variance, a factor bnraw is missing. Multiply d_bnraw by it "
            "before you sum, and the sum by each example's bnraw: those far from the mean change "
            "the variance most.",
            {"bnraw * stretch": "stretch"},
            {"(d_bnraw * bnraw).sum(0)": "d_bnraw.sum(0)"},
        ),
        Mistake(
            "The part through the variance is twice or half of what it should be. The 2 from the "
            "square and the -1/2 from the root make -1 together; one of them is missing.",
            {"bnraw * stretch": "2 * bnraw * stretch"},
            {"bnraw * stretch": "0.5 * bnraw * stretch"},
        ),
    ),
)


# The recurrent network.


def new_state(x: Numbers, h: Numbers, W: Numbers, U: Numbers, b: list[float]) -> Any:  # noqa: N803
    """The state after `x`, from the state `h`, for a cell with these weights."""
    cell = RNNCell(len(x[0]), len(h[0]))
    with torch.no_grad():
        cell.from_input.weight.copy_(tensor(W))
        cell.from_hidden.weight.copy_(tensor(U))
        cell.from_input.bias.copy_(tensor(b))
    return cell(tensor(x), (tensor(h),))


def state_after(*characters: Numbers, n_hidden: int) -> Any:
    """The state after several characters, and the gradient of the first; the weights are random."""
    cell = RNNCell(len(characters[0][0]), n_hidden)
    first = torch.zeros(len(characters[0]), n_hidden, requires_grad=True)
    state: Any = (first,)
    for character in characters:
        state = cell(tensor(character), state)
    (h,) = state
    if h.requires_grad:
        h.sum().backward()
    return {"h": h, "gradient of the first state": first.grad}


SUM = "self.from_input(x) + self.from_hidden(h)"
FROM_X = {"self.from_input(x)": "x @ self.from_input.weight + self.from_input.bias"}
FROM_H = {"self.from_hidden(h)": "h @ self.from_hidden.weight"}


def new_h(h: str) -> dict[str, str]:
    """Another formula for the new state."""
    return {f"torch.tanh({SUM})": h}


RNN_CELL = Step(
    "rnn-cell",
    "models.rnn.RNNCell.forward",
    "a recurrent cell",
    lecture=f"{BATCH_NORM_VIDEO} 0:00:00",  # where it says what they are, and why they come later
    term="recurrent neural network",
    write=(
        "Return the new state, tanh(W x + U h + b), as a tuple of one tensor, since an LSTM has "
        "two. `self.from_input` is a linear layer that makes W x + b, `self.from_hidden` one that "
        "makes U h; `state` is a tuple of one, too."
    ),
    hints=(
        "`(h,) = state` takes the tensor out of the tuple.",
        "Layers are called: self.from_input(x). Its bias is the b, and there is no other.",
        "return (torch.tanh(self.from_input(x) + self.from_hidden(h)),): with the comma.",
    ),
    probes=(
        "new_state(x=[[0.5]], h=[[0.0]], W=[[2.0]], U=[[3.0]], b=[0.25])",
        "new_state(x=[[0.5]], h=[[-0.4]], W=[[2.0]], U=[[3.0]], b=[0.25])",
        "new_state(x=[[0.5, -1.0]], h=[[0.2, 0.9]], W=[[1.0, 0.3], [-0.5, 0.2]], "
        "U=[[0.1, 0.7], [1.5, -1.0]], b=[0.5, -0.1])",
        "new_state(x=[[0.5], [2.0]], h=[[0.2, 0.9], [-0.3, 0.1]], W=[[1.0], [-0.5]], "
        "U=[[0.1, 0.7], [1.5, -1.0]], b=[0.5, -0.1])",
        "state_after([[1.0, 0.5]], [[-1.0, 2.0]], [[0.3, 0.1]], n_hidden=3)",
    ),
    tolerance=1e-5,
    parts={
        "": "This is not the new state, a tuple of one tensor, tanh(W x + U h + b).",
        "gradient of the first state": (
            "The state is right, but no gradient goes back to the earlier characters: `.detach()`, "
            "`.data` or `no_grad` cuts the graph."
        ),
    },
    mistakes=(
        Mistake(
            "tanh is missing, or another function is in its place. tanh keeps the state between -1 "
            "and 1; without it the cell is linear, and its state can grow without bound.",
            new_h(SUM),
            new_h(f"torch.sigmoid({SUM})"),
            new_h(f"torch.relu({SUM})"),
        ),
        Mistake(
            "A layer is missing, or has the wrong input. The sum is self.from_input(x) + "
            "self.from_hidden(h), and nothing else: without the first the cell would see nothing, "
            "without the second it would remember nothing.",
            new_h("torch.tanh(self.from_input(x))"),
            new_h("torch.tanh(self.from_hidden(h))"),
            new_h("torch.tanh(self.from_input(h) + self.from_hidden(x))"),
            new_h("torch.tanh(self.from_input(x) + h)"),
        ),
        Mistake(
            "You return the old state, or add it to the new one, or average them. This cell makes "
            "all of its state anew: the old one comes in only through self.from_hidden(h). "
            "(Keeping a part of it is what a GRU does.)",
            new_h("h"),
            new_h(f"torch.tanh({SUM}) + h"),
            new_h(f"(torch.tanh({SUM}) + h) / 2"),
        ),
        Mistake(
            "The bias is missing, or added twice, or after tanh. `self.from_input(x)` is W x + b "
            "already, while `x @ self.from_input.weight.T` is only W x.",
            new_h(f"torch.tanh({SUM} + self.from_input.bias)"),
            new_h(f"torch.tanh({SUM} - self.from_input.bias)"),
            new_h(f"torch.tanh({SUM} - self.from_input.bias) + self.from_input.bias"),
        ),
        Mistake(
            "A matrix is not transposed: nn.Linear keeps its weight as (outputs, inputs), so "
            "write x @ weight.T, or call the layer.",
            FROM_X,
            FROM_H,
            FROM_X | FROM_H,
        ),
        Mistake(
            "tanh is applied to the parts instead of their sum: tanh(W x + U h + b).",
            new_h("torch.tanh(self.from_input(x)) + torch.tanh(self.from_hidden(h))"),
            new_h("torch.tanh(self.from_input(x)) + self.from_hidden(h)"),
            new_h("self.from_input(x) + torch.tanh(self.from_hidden(h))"),
        ),
        Mistake(
            "The state is a tuple, even if it has only one part. Take the tensor out with (h,) = "
            "state, and return (h,), with a comma.",
            {f"(torch.tanh({SUM}),)": f"torch.tanh({SUM})"},
            new_h("torch.tanh(self.from_input(x) + self.from_hidden(state))"),
        ),
    ),
)

LADDER = Ladder(
    __file__,
    (
        COUNT,
        PROBABILITIES,
        NEGATIVE_LOG_LIKELIHOOD,
        WINDOWS,
        CROSS_ENTROPY,
        BATCH_NORM,
        CROSS_ENTROPY_BACKWARD,
        BATCH_NORM_BACKWARD,
        RNN_CELL,
    ),
    program="train_mine.py",
)

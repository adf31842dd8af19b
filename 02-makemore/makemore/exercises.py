"""Write it yourself: the steps of this lesson, and the mistakes that people make at each of them.

`python -m makemore learn` takes you through them; how a step is declared stands in
`shared.exercises`. Read it as a list of what goes wrong when one writes makemore for the first
time, but write first.
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
    "broadcasting lines them up with the columns: column i gets the number of row i. In a square "
    "table that is no error. With `keepdim=True` the shape is (n, 1), one number for each row."
)
ALL_ROWS = (
    "`[:, y]` takes the columns `y` of every row, n times n numbers. You want one number from "
    "each row: `[range(len(y)), y]`."
)
NO_MINUS = (
    "The minus is missing. The logarithm of a probability is negative, and a loss should be the "
    "smaller, the better the model is."
)
NO_LOG = (
    "The logarithm is missing. The likelihood is the product of the probabilities; the logarithm "
    "makes it a sum. (`F.nll_loss` takes none, in spite of its name: it wants logarithms.)"
)

# The table of counts.


def count_pairs(*calls: list[str]) -> Any:
    """The pairs that were counted, and how often, after counting each list of words."""
    alphabet = Alphabet.of([word for words in calls for word in words])
    model = BigramCounts(len(alphabet))
    for words in calls:
        model.count(*word_rows(words, alphabet))
    counts, characters = model.counts, "." + alphabet.characters
    if not isinstance(counts, Tensor) or counts.shape != (len(alphabet), len(alphabet)):
        return counts
    pairs = product(enumerate(characters), repeat=2)
    return [f"{a}{b} {counts[i, j]:g}" for (i, a), (j, b) in pairs if counts[i, j] != 0]


def pairs_where(place: str) -> dict[str, str]:
    """Counts the pairs of other places."""
    return {"pairs = x[y >= 0], y[y >= 0]": f"pairs = x[{place}], y[{place}]"}


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
        "Without a loop, a pair that occurs three times still has to be added three times: "
        "`index_put_(…, accumulate=True)` does that.",
    ),
    probes=(
        "count_pairs(['ab'])",
        "count_pairs(['ab', 'a'])",
        "count_pairs(['ab', 'ab', 'ba', 'bba'])",
        "count_pairs(['ab', 'b'], ['ab', 'a'])",
    ),
    mistakes=(
        Mistake(
            "A pair is counted only once, however often it occurs. `counts[x, y] += 1` reads all "
            "the old numbers, adds 1 to each, and writes them back, so the same number is written "
            "several times. `index_put_(…, accumulate=True)` adds each time; so does a loop.",
            "self.counts[x[y >= 0], y[y >= 0]] += 1",
            "self.counts[x, y] += 1",
            "for j in range(x.shape[1]):\n"
            "    real = y[:, j] >= 0\n"
            "    self.counts[x[real, j], y[real, j]] += 1",
        ),
        Mistake(
            "Rows and columns are swapped: the row is the first character of a pair, the column "
            "the second.",
            {"pairs = x[y >= 0], y[y >= 0]": "pairs = y[y >= 0], x[y >= 0]"},
            "self.counts.index_put_((y, x), self.counts.new_ones(()), accumulate=True)",
        ),
        Mistake(
            "The places after a word's end are counted, too. There, `y` is PADDING, -1, which is "
            "no character; as an index, -1 silently means the last column. Leave them out.",
            {"pairs = x[y >= 0], y[y >= 0]": "pairs = x, y"},
            {"pairs = x[y >= 0], y[y >= 0]": "pairs = x, y.clamp(min=0)"},
            "self.counts += torch.bincount((x * len(self.counts) + y).flatten(), "
            "minlength=self.counts.numel()).view_as(self.counts)",
            "v = len(self.counts)\n"
            "self.counts += F.one_hot(x, v).flatten(0, 1).T @ F.one_hot(y, v).flatten(0, 1)",
        ),
        Mistake(
            "Pairs with END, the dot, are missing. END begins and ends every word, and counts "
            "like a letter: how else could the model know where words begin and end? Only "
            "PADDING, -1, is left out, and END is 0.",
            *map(pairs_where, ("y > 0", "x > 0", "(x > 0) & (y >= 0)", "(x > 0) & (y > 0)")),
        ),
        Mistake(
            "The last pair of the longest word is missing. Either a loop ends one place too "
            "early, or you pair the characters of `x` with each other: what follows x[i, j] is "
            "y[i, j].",
            "for row in x:\n    for a, b in zip(row, row[1:]):\n        self.counts[a, b] += 1",
            "for a, b in zip(x[:, :-1].flatten(), y[:, :-1].flatten()):\n"
            "    if b >= 0:\n        self.counts[a, b] += 1",
        ),
        Mistake(
            "Each pair that occurs has the count 1: where you wrote `=`, it takes `+=`.",
            "self.counts[x[y >= 0], y[y >= 0]] = 1",
            "self.counts[x, y] = 1",
        ),
        Mistake(
            "A second call forgets what the first one counted. Add to `self.counts`; do not begin "
            "a new table.",
            {"pairs =": "self.counts.zero_()\n        pairs ="},
        ),
        Mistake(
            "The model's table is empty. Either the counts went into another tensor, or you called "
            "`index_put`, which returns a new tensor; `index_put_`, with the underscore, changes "
            "the one you have. The table is `self.counts`.",
            {"self.counts.index_put_": "self.counts.index_put"},
        ),
        Mistake(
            "Not all words are counted: the loop ends too early, or there is none. After the "
            "first PADDING, other words may follow.",
            {"x[y >= 0], y[y >= 0]": "x[0][y[0] >= 0], y[0][y[0] >= 0]"},
            {"x[y >= 0], y[y >= 0]": "x[-1][y[-1] >= 0], y[-1][y[-1] >= 0]"},
            "for first, second in zip(x.flatten(), y.flatten()):\n"
            "    if second < 0:\n        return\n    self.counts[first, second] += 1",
        ),
        Mistake(
            "Smoothing is added to the counts here, and `probabilities` adds it again. What is "
            "counted should stay what was counted.",
            {"pairs =": "self.counts += self.smoothing\n        pairs ="},
        ),
    ),
)


def probabilities(counts: Numbers, smoothing: float) -> Any:
    """The probabilities of a model that has counted these."""
    return _model(counts, smoothing).probabilities()


def probabilities_twice(counts: Numbers, smoothing: float) -> Any:
    """The same, when the model is asked a second time."""
    model = _model(counts, smoothing)
    model.probabilities()
    return model.probabilities()


def _model(counts: Numbers, smoothing: float) -> BigramCounts:
    model = BigramCounts(len(counts), smoothing)
    model.counts.copy_(tensor(counts))
    return model


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
        "probabilities([[0, 0], [3, 1]], smoothing=2)",
        "probabilities_twice([[0, 3], [1, 1]], smoothing=1)",
        "probabilities([[0, 0], [3, 1]], smoothing=0)",
    ),
    tolerance=1e-5,
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
            "Smoothing is added after the division, so the rows sum to more than 1. Add it to the "
            "counts first, then divide.",
            {
                "counts = self.counts + self.smoothing": "counts = self.counts",
                EMPTY_ROW: f"{EMPTY_ROW} + self.smoothing",
            },
            "return self.counts / self.counts.sum(1, keepdim=True) + self.smoothing",
        ),
        Mistake(
            "The rows do not sum to 1, because the sums are not those of the smoothed counts. "
            "Each count in a row grows by `self.smoothing`, so the sum grows by that much for "
            "every column. Add first, then sum.",
            {"totals = counts": "totals = self.counts"},
            "return (self.counts + self.smoothing) / self.counts.sum(1, keepdim=True)",
            {"totals = counts": "totals = self.smoothing + self.counts"},
        ),
        Mistake(
            "There is no smoothing: `self.smoothing` has to be added to each count, so that what "
            "never occurred gets some probability, too.",
            {" + self.smoothing": ""},
            "return self.counts / self.counts.sum(1, keepdim=True)",
        ),
        Mistake(
            "Only counts of 0 are smoothed. Every count gets `self.smoothing`; otherwise what "
            "occurred once could be as likely as what never did.",
            "counts = torch.where(self.counts == 0, self.smoothing, self.counts)\n"
            "return counts / counts.sum(1, keepdim=True)",
        ),
        Mistake(
            "You always add 1, as the lecture does. Add `self.smoothing`.",
            {" + self.smoothing": " + 1"},
        ),
        Mistake(
            "The model's own counts change, so the next call gives something else. `+=` and `/=` "
            "change a tensor in place, and `.float()` of what is float already is no copy. Begin "
            "with a new tensor: self.counts + self.smoothing.",
            {"counts = self.counts +": "counts = self.counts\n        counts +="},
            "P = self.counts.float()\n"
            "P += self.smoothing\n"
            "P /= P.sum(1, keepdim=True)\n"
            "return torch.where(P.isnan(), 1 / len(P), P)",
        ),
        Mistake(
            "That is softmax, which is for logits. These are counts already: just divide by the "
            "sum of the row, without exp.",
            "return (self.counts + self.smoothing).softmax(1)",
        ),
        Mistake(
            "These are logarithms. Return the probabilities themselves; the loss takes the "
            "logarithm later.",
            {EMPTY_ROW: f"{EMPTY_ROW}.log()"},
            {EMPTY_ROW: f"-{EMPTY_ROW}.log()"},
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


TWO_OF_THREE = "tensor([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]]), tensor([2, 0])"
THREE_OF_THREE = "tensor([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1]]), tensor([2, 2, 1])"
PICKED = "probs[range(len(y)), y]"

NEGATIVE_LOG_LIKELIHOOD = Step(
    "nll",
    "loss.negative_log_likelihood",
    "the negative log likelihood",
    lecture=f"{BIGRAMS} 0:50:14",
    term="negative log likelihood",
    write=(
        "Row i of `probs` is a distribution over all characters, and y[i] is the character that "
        "really came. Take the probability that it got in each row, and return the mean of minus "
        "their logarithms."
    ),
    hints=(
        "First pick one probability from each row: the one in column y[i] of row i.",
        "probs[range(len(y)), y] does it at once; in the lecture, torch.arange(n) for range.",
        "Then the logarithm of each, their mean, and a minus.",
    ),
    probes=(
        "negative_log_likelihood(tensor([[0.25, 0.75]]), tensor([0]))",
        f"negative_log_likelihood({TWO_OF_THREE})",
        f"negative_log_likelihood({THREE_OF_THREE})",
    ),
    tolerance=1e-5,
    mistakes=(
        Mistake(
            NO_MINUS,
            {"-probs": "probs"},
            {"-probs": "probs", ".mean()": ".sum()"},
        ),
        Mistake(
            "This is the sum. Divide it by the number of targets: the mean can be compared between "
            "texts of different lengths.",
            {".mean()": ".sum()"},
        ),
        Mistake(
            NO_LOG,
            {".log()": ""},
        ),
        Mistake(
            "The mean comes before the logarithm. Take the logarithm of each probability first: "
            "the logarithm of the mean hides a single very unlikely character.",
            {".log().mean()": ".mean().log()"},
        ),
        Mistake(
            "The mean goes over all probabilities. Only those of the characters that really came "
            "count: column y[i] of row i.",
            {PICKED: "probs"},
            "return -probs.log().sum(1).mean()",
        ),
        Mistake(ALL_ROWS, {PICKED: "probs[:, y]"}, "return -probs[:, y].log().sum() / len(y)"),
        Mistake(
            "`probs[y]` picks whole rows, those whose numbers are in `y`. You want one number "
            "from each row, the one in column y[i] of row i: probs[range(len(y)), y].",
            {PICKED: "probs[y]"},
        ),
        Mistake(
            "The two indices are swapped: rows first, range(len(y)), then the columns, y.",
            {"[range(len(y)), y]": "[y, range(len(y))]"},
        ),
        Mistake(
            "You take the softmax of what is a probability already. `F.cross_entropy` and "
            "`log_softmax` are for logits.",
            "return F.cross_entropy(probs, y)",
            "return -probs.softmax(1)[range(len(y)), y].log().mean()",
        ),
        Mistake(
            "Each logarithm is weighted by its probability. That is the entropy, the loss that "
            "the model itself expects. The loss looks only at what really came.",
            "return -(probs * probs.log()).sum(1).mean()",
            "return -(probs * probs.log()).sum()",
            "p = probs[range(len(y)), y]\nreturn -(p * p.log()).mean()",
            "p = probs[range(len(y)), y]\nreturn -(p * p.log()).sum()",
        ),
        Mistake(
            "Each target has its own loss here. Return their mean, a single number.",
            {".mean()": ""},
        ),
        Mistake(
            "Only one target counts: the loop returns in its first turn, or each turn overwrites "
            "the sum, with `=` where it takes `+=`.",
            "return -probs[0, y[0]].log()",
            "return -probs[0, y[0]].log() / len(y)",
            "return -probs[-1, y[-1]].log()",
            "return -probs[-1, y[-1]].log() / len(y)",
        ),
        Mistake(
            "This is the perplexity, exp of the loss. Leave exp out.",
            "return (-probs[range(len(y)), y].log().mean()).exp()",
        ),
        Mistake(
            "These are bits, or decimal digits: the logarithm has base 2 or 10. The lesson "
            "measures in nats, with the natural logarithm, log.",
            {".log()": ".log2()"},
            {".log()": ".log10()"},
        ),
        Mistake(
            "You divide by the size of the vocabulary. The mean is over the targets: divide by "
            "their number, len(y).",
            {".mean()": ".sum() / probs.shape[1]"},
            {".mean()": ".sum() / probs.numel()"},
        ),
        Mistake(
            "This is the likelihood itself, a product. For many characters it is so small that it "
            "becomes 0; its logarithm, a sum, does not.",
            "return probs[range(len(y)), y].prod()",
            "return -probs[range(len(y)), y].prod()",
            "return 1 - probs[range(len(y)), y].prod()",
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


def the_lectures_loop(
    body: str, begin: str = "context = [0] * block_size", before: str = ""
) -> str:
    """The loop of lecture 3, with this inside."""
    return (
        f"xs, ys = [], []\n{before}\nfor word in words:\n    {begin}\n"
        f"    for ix in [*alphabet.encode(word), 0]:\n        {body}\n"
        "return torch.tensor(xs), torch.tensor(ys)"
    )


KEEP, ROLL = "xs.append(context); ys.append(ix)", "context = context[1:] + [ix]"

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
    mistakes=(
        Mistake(
            "The windows contain what is to be predicted: the last character of each is the "
            "target. Append the context before you move it on, not after.",
            the_lectures_loop(f"{ROLL}; {KEEP}"),
        ),
        Mistake(
            "The targets are one place too early: each is the last character of its own window, "
            "so the network would only have to copy it. The target is what comes after the "
            "window.",
            the_lectures_loop(f"{KEEP}; {ROLL}").replace("ys.append(ix)", "ys.append(context[-1])"),
        ),
        Mistake(
            "The targets are one place too late. The target is what comes directly after the "
            "window.",
            """
            xs, ys = [], []
            for word in words:
                ids = [*[0] * block_size, *alphabet.encode(word), 0]
                for i in range(len(ids) - block_size - 1):
                    xs.append(ids[i : i + block_size])
                    ys.append(ids[i + block_size + 1])
            return torch.tensor(xs), torch.tensor(ys)
            """,
        ),
        Mistake(
            "The end of a word is never predicted. After the last character comes END, and the "
            "model has to learn that, too.",
            the_lectures_loop(f"{KEEP}; {ROLL}").replace(", 0]:", "]:"),
            the_lectures_loop(f"{KEEP}; {ROLL}", "pass", "context = [0] * block_size").replace(
                ", 0]:", "]:"
            ),
        ),
        Mistake(
            "A word begins with the context of the word before it. Begin every word with nothing "
            "but END: [0] * block_size, inside the loop over the words.",
            the_lectures_loop(f"{KEEP}; {ROLL}", "pass", "context = [0] * block_size"),
        ),
        Mistake(
            "The beginnings of words are missing: you start when the window is full. The first "
            "windows of a word are filled with END.",
            """
            xs, ys = [], []
            for word in words:
                ids = [*alphabet.encode(word), 0]
                for i in range(len(ids) - block_size):
                    xs.append(ids[i : i + block_size])
                    ys.append(ids[i + block_size])
            return torch.tensor(xs).view(-1, block_size), torch.tensor(ys, dtype=torch.long)
            """,
            """
            xs, ys = [], []
            for word in words:
                ids = [0, *alphabet.encode(word), 0]
                for i in range(len(ids) - block_size):
                    xs.append(ids[i : i + block_size])
                    ys.append(ids[i + block_size])
            return torch.tensor(xs).view(-1, block_size), torch.tensor(ys, dtype=torch.long)
            """,
        ),
        Mistake(
            "The newest character is on the left. A context reads like the word: the oldest "
            "character leaves on the left, the newest comes in on the right.",
            the_lectures_loop(f"{KEEP}; context = [ix] + context[:-1]"),
        ),
        Mistake(
            "Short contexts are filled up on the right. Fill them up on the left, as in `..a`: "
            "the last place always holds the character that came just before.",
            """
            xs, ys = [], []
            for word in words:
                ids = [*alphabet.encode(word), 0]
                for i, ix in enumerate(ids):
                    seen = ids[max(0, i - block_size) : i]
                    xs.append(seen + [0] * (block_size - len(seen)))
                    ys.append(ix)
            return torch.tensor(xs), torch.tensor(ys)
            """,
        ),
        Mistake(
            "All windows of a word are the same, the last one: you appended one list again and "
            "again and changed it afterwards. Append a copy, or make a new list at every turn: "
            "context = context[1:] + [ix].",
            the_lectures_loop(f"{KEEP}; context.append(ix); context.pop(0)"),
            the_lectures_loop(
                f"{KEEP}; context.pop(0); context.append(ix)", "pass", "context = [0] * block_size"
            ),
        ),
        Mistake(
            "The window does not move. After each character the context drops its oldest id and "
            "gets the new one: context[1:] + [ix].",
            the_lectures_loop(KEEP),
            the_lectures_loop(f"{KEEP}; context = (context + [ix])[:block_size]"),
            the_lectures_loop(f"{KEEP}; context = context[:-1] + [ix]"),
        ),
        Mistake(
            "The contexts have different lengths, and such lists cannot become one tensor. A "
            "context always has block_size ids: when one comes in, the oldest goes, and where "
            "there is none yet, there is END.",
            the_lectures_loop(f"{KEEP}; context = context + [ix]"),
            the_lectures_loop(f"{KEEP}; context.append(ix)"),
            the_lectures_loop("xs.append(list(context)); ys.append(ix); context.append(ix)"),
            the_lectures_loop(f"{KEEP}; context = context[1:] + [ix]", "context = []"),
            the_lectures_loop(f"{KEEP}; context = (context + [ix])[-block_size:]", "context = []"),
            """
            xs, ys = [], []
            for word in words:
                ids = [0, *alphabet.encode(word), 0]
                for i in range(1, len(ids)):
                    xs.append(ids[max(0, i - block_size) : i])
                    ys.append(ids[i])
            return torch.tensor(xs), torch.tensor(ys)
            """,
        ),
        Mistake(
            "The windows do not have `block_size` ids. Take it instead of a fixed number, and "
            "count once more.",
            the_lectures_loop(f"{KEEP}; {ROLL}", "context = [0] * 3"),
            the_lectures_loop(f"{KEEP}; {ROLL}", "context = [0] * 8"),
            the_lectures_loop(f"{KEEP}; {ROLL}", "context = [0] * (block_size + 1)"),
        ),
        Mistake(
            "Each word has one example too many, which predicts END at its beginning. The first "
            "target is the word's first character.",
            the_lectures_loop(f"{KEEP}; {ROLL}").replace("[*alphabet", "[0, *alphabet"),
        ),
        Mistake(
            "These are lists. A network takes tensors: torch.tensor(xs), torch.tensor(ys).",
            the_lectures_loop(f"{KEEP}; {ROLL}")
            .replace("torch.tensor(xs)", "xs")
            .replace("torch.tensor(ys)", "ys"),
        ),
        Mistake(
            "The ids are floats. They are row numbers of a table, so they have to be integers: "
            "`torch.tensor` of a list of ints; `torch.Tensor`, with a capital, makes floats.",
            the_lectures_loop(f"{KEEP}; {ROLL}").replace("torch.tensor", "torch.Tensor"),
        ),
        Mistake(
            "The two tensors are swapped: first the windows, then what follows them.",
            the_lectures_loop(f"{KEEP}; {ROLL}")
            .replace("(xs)", "(_)")
            .replace("(ys)", "(xs)")
            .replace("(_)", "(ys)"),
        ),
        Mistake(
            "The first contexts are not filled with END, whose id is 0. (PADDING, -1, is for "
            "targets only; as an index it would mean the last character.)",
            the_lectures_loop(f"{KEEP}; {ROLL}", "context = [-1] * block_size"),
            the_lectures_loop(f"{KEEP}; {ROLL}", "context = [1] * block_size"),
        ),
        Mistake(
            "Only one word is there: the `return` stands inside the loop, or the lists are made "
            "anew for each word.",
            the_lectures_loop(f"{KEEP}; {ROLL}").replace("in words", "in words[:1]"),
            the_lectures_loop(f"{KEEP}; {ROLL}").replace("in words", "in words[-1:]"),
        ),
        Mistake(
            "Each word has only one example. The lines that append belong into the loop over its "
            "characters.",
            the_lectures_loop(ROLL).replace("\nreturn", f"\n    {KEEP}\nreturn"),
            the_lectures_loop(f"{KEEP}; break"),
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


LOGITS = "tensor([[2.0, 1.0, 0.0], [0.5, -1.0, 3.0]]), tensor([0, 1])"
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
        f"plain_cross_entropy({LOGITS})",
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
            "The loss is right, but not the gradient of the logits: something on the way from them "
            "to the loss was taken out of the graph."
        ),
    },
    mistakes=(
        Mistake(
            "exp overflows: exp(300) is inf, and inf / inf is nan; exp(-300) is 0. Subtract the "
            "largest logit of each row first. It changes no probability.",
            {MAX: "pass"},
            BY_PROBS.replace(MAX, ""),
        ),
        Mistake(
            "You subtract the largest logit of the whole batch. It has to be the largest of each "
            "row: in a row of much smaller logits, every exp becomes 0, and the logarithm "
            "infinite.",
            {"logits.max(1, keepdim=True).values": "logits.max()"},
            BY_PROBS.replace("logits.max(1, keepdim=True).values", "logits.max()"),
        ),
        Mistake(
            "What you subtract is not the largest logit of the row, so exp can still overflow: "
            "with the largest, no exp is above 1.",
            {"max(1, keepdim=True).values": "mean(1, keepdim=True)"},
            {"max(1, keepdim=True).values": "min(1, keepdim=True).values"},
            BY_PROBS.replace("max(1, keepdim=True).values", "mean(1, keepdim=True)"),
            BY_PROBS.replace("max(1, keepdim=True).values", "min(1, keepdim=True).values"),
        ),
        Mistake(
            "`max(1, keepdim=True)` gives two tensors, the largest values and where they are. "
            "Take `.values`, or [0].",
            {".values": ""},
        ),
        Mistake(
            "The maximum is that of each column. The same number has to be subtracted from all "
            "logits of a row, so take the maximum along dimension 1.",
            {"logits.max(1, keepdim=True).values": "logits.max(0, keepdim=True).values"},
            BY_PROBS.replace("max(1", "max(0"),
        ),
        Mistake(
            NO_KEEPDIM,
            {"max(1, keepdim=True).values": "max(1).values"},
            {"exp().sum(1, keepdim=True)": "exp().sum(1)"},
            {
                "max(1, keepdim=True).values": "max(1).values",
                "exp().sum(1, keepdim=True)": "exp().sum(1)",
            },
            BY_PROBS.replace("max(1, keepdim=True)", "max(1)"),
            BY_PROBS.replace("sum(1, keepdim=True)", "sum(1)"),
            BY_PROBS.replace(", keepdim=True", ""),
            BY_PROBS.replace(MAX, "").replace(", keepdim=True", ""),
            {MAX: "pass", "exp().sum(1, keepdim=True)": "exp().sum(1)"},
        ),
        Mistake(
            "The sum goes down the columns. Softmax is for each row by itself: its probabilities "
            "sum to 1, so sum along dimension 1.",
            {"exp().sum(1, keepdim=True)": "exp().sum(0, keepdim=True)"},
            BY_PROBS.replace("sum(1", "sum(0"),
            BY_PROBS.replace("(1, keepdim", "(0, keepdim"),
            "return -logits.log_softmax(0)[range(len(y)), y].mean()",
        ),
        Mistake(
            "There is one sum for all rows. Softmax is for each row by itself: sum along "
            "dimension 1.",
            {"exp().sum(1, keepdim=True)": "exp().sum()"},
            BY_PROBS.replace("sum(1, keepdim=True)", "sum()"),
        ),
        Mistake(
            NO_MINUS,
            {"return -": "return "},
        ),
        Mistake(
            "This is the sum of the losses. Divide it by the number of targets.",
            {".mean()": ".sum()"},
        ),
        Mistake(
            "Each target has its own loss here. Return their mean, a single number.",
            {".mean()": ""},
        ),
        Mistake(
            "The mean goes over n times vocab numbers, most of them 0. Divide the sum by the "
            "number of targets.",
            {".mean()": ".sum() / logits.numel()"},
            {".mean()": ".sum() / logits.shape[1]"},
        ),
        Mistake(
            "The mean comes before the logarithm. Take the logarithm of each probability first.",
            BY_PROBS.replace(".log().mean()", ".mean().log()"),
        ),
        Mistake(
            "The mean goes over all characters. Only the log-probabilities of the targets count: "
            "column y[i] of row i.",
            {"logprobs[range(len(y)), y]": "logprobs"},
            "return -logits.log_softmax(1).sum(1).mean()",
        ),
        Mistake(ALL_ROWS, {"[range(len(y)), y]": "[:, y]"}),
        Mistake(
            "A logit is not yet the logarithm of a probability: subtract the logarithm of the sum "
            "of exp from it.",
            {" - logits.exp().sum(1, keepdim=True).log()": ""},
            "return -logits[range(len(y)), y].mean()",
        ),
        Mistake(
            NO_LOG,
            BY_PROBS.replace(".log()", ""),
        ),
        Mistake(
            "You subtract the sum of exp itself. log(exp(a) / sum) is a minus the logarithm of "
            "the sum.",
            {"keepdim=True).log()": "keepdim=True)"},
        ),
        Mistake(
            "You subtract the maximum inside the sum but not from the target's logit. Subtract it "
            "once and use the new logits in both places, or add it back to the logarithm of the "
            "sum.",
            "safe = logits - logits.max(1, keepdim=True).values\n"
            "return (safe.exp().sum(1).log() - logits[range(len(y)), y]).mean()",
            "safe = logits - logits.max(1, keepdim=True).values\n"
            "return (logits.logsumexp(1) - safe[range(len(y)), y]).mean()",
        ),
        Mistake(
            "You divide by the largest logit. Softmax stays the same only when a number is "
            "subtracted.",
            {"logits - logits.max(1, keepdim=True)": "logits / logits.max(1, keepdim=True)"},
        ),
        Mistake(
            "Clamping changes the differences between the logits, and with them the "
            "probabilities. Subtract the largest of each row instead.",
            *({MAX: f"logits = logits.clamp(max={limit})"} for limit in (20, 50, 80, 88)),
        ),
        Mistake(
            "You apply softmax twice: `F.cross_entropy` and `log_softmax` want logits, not "
            "probabilities.",
            "return F.cross_entropy(logits.softmax(1), y)",
        ),
        Mistake(
            "The loss is right, but no gradient comes through: `.item()`, `.detach()`, `.data` "
            "and `no_grad` cut the graph, and Python's floats remember nothing. A network could "
            "not learn from this loss.",
            {"return -logprobs": "return -logprobs.detach()"},
        ),
        Mistake(
            "These are bits. The lesson measures in nats, with the natural logarithm, log.",
            {".log()": ".log2()"},
            BY_PROBS.replace(".log()", ".log2()"),
        ),
        Mistake(
            "If a target's probability is so small that it becomes 0, though, the loss is "
            "infinite, or stops growing. The lesson's code never computes the probability: "
            "log(exp(a) / sum) = a - log(sum).",
            BY_PROBS,
            *(
                BY_PROBS.replace(".log()", f".add({eps}).log()")
                for eps in (1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
            ),
            passes=True,
        ),
    ),
)


# Batch normalization.


def normalized(
    x: Numbers,
    gamma: list[float] | None = None,
    beta: list[float] | None = None,
    eps: float = 1e-5,
) -> Any:
    """The output of a new batch norm, in training, for these examples."""
    return _batch_norm(x, gamma, beta, eps)(tensor(x))


def running(*batches: Numbers, momentum: float = 0.1) -> Any:
    """The running mean and variance after these batches; at first they are 0 and 1."""
    norm = _batch_norm(batches[0], momentum=momentum)
    for batch in batches:
        norm(tensor(batch))
    return _statistics(norm)


def normalized_words(x: Numbers) -> Any:
    """The output in training for (batch, time, channel), and the running statistics then."""
    norm = _batch_norm(x)
    return {"output": norm(tensor(x)), **_statistics(norm)}


def in_evaluation(x: Numbers, mean: list[float], var: list[float]) -> Any:
    """The output in evaluation with these running statistics, and what becomes of these."""
    norm = _batch_norm(x).eval()
    norm.running_mean.copy_(tensor(mean))
    norm.running_var.copy_(tensor(var))
    return {"output": norm(tensor(x)), **_statistics(norm)}


def batch_norm_gradients(x: Numbers, upstream: Numbers) -> Any:
    """The gradients, when that of the output is `upstream`."""
    leaf = tensor(x, requires_grad=True)
    norm = _batch_norm(x, [2.0] * len(x[0]))
    out = norm(leaf)
    if not isinstance(out, Tensor):
        return out
    if out.requires_grad:
        (out * tensor(upstream)).sum().backward()
    return {"x": leaf.grad}


def has_history(x: Numbers) -> Any:
    """Whether autograd remembers how the running statistics were computed."""
    norm = _batch_norm(x)
    norm(tensor(x, requires_grad=True))
    return norm.running_mean.requires_grad or norm.running_var.requires_grad


def _batch_norm(
    x: Numbers,
    gamma: list[float] | None = None,
    beta: list[float] | None = None,
    eps: float = 1e-5,
    momentum: float = 0.1,
) -> BatchNorm1d:
    norm = BatchNorm1d(tensor(x).shape[-1], eps, momentum)
    with torch.no_grad():
        if gamma is not None:
            norm.gamma.copy_(tensor(gamma))
        if beta is not None:
            norm.beta.copy_(tensor(beta))
    return norm


def _statistics(norm: BatchNorm1d) -> dict[str, Any]:
    return {
        name: value.flatten() if isinstance(value, Tensor) else value
        for name, value in (("running_mean", norm.running_mean), ("running_var", norm.running_var))
    }


BATCH = "[[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]]"
OTHER_BATCH = "[[0.0, 5.0], [4.0, 1.0], [5.0, 3.0]]"
WORDS_OF_TWO = "[[[1.0, 8.0], [5.0, 2.0]], [[2.0, 4.0], [4.0, 0.0]], [[9.0, 3.0], [0.0, 7.0]]]"
OVER = "over = tuple(range(x.ndim - 1))"
VAR = "((x - mean) ** 2).mean(over)"
UNBIASED = "var * n / (n - 1)"
STD = "(var + self.eps).sqrt()"
OUT = f"self.gamma * (x - mean) / {STD} + self.beta"
RUNNING = "self.running_mean.clone(), self.running_var.clone()"
MOVE = (
    "self.running_mean.lerp_(x.mean(0).detach(), self.momentum); "
    "self.running_var.lerp_(x.var(0).detach(), self.momentum)"
)
THE_LECTURES = """
if self.training:
    xmean = x.mean(0, keepdim=True)
    xvar = x.var(0, keepdim=True)
else:
    xmean = self.running_mean
    xvar = self.running_var
xhat = (x - xmean) / torch.sqrt(xvar + self.eps)
self.out = self.gamma * xhat + self.beta
if self.training:
    with torch.no_grad():
        self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * xmean
        self.running_var = (1 - self.momentum) * self.running_var + self.momentum * xvar
return self.out
"""


def update(mean: str, var: str) -> dict[str, str]:
    """Changes the running statistics in another way."""
    return {
        "lerp_(mean, self.momentum)": mean,
        "lerp_(var * n / (n - 1), self.momentum)": var,
    }


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
        "x may be (batch, channel) or (batch, time, channel): x.mean((0, 1)) takes two dimensions "
        "at once, and tuple(range(x.ndim - 1)) is all but the last.",
        "The variance is the mean of (x - mean)². x.var(…) divides by n - 1 unless you say "
        "unbiased=False.",
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
        "in_evaluation([[1.0], [3.0], [7.0]], mean=[2.0], var=[4.0])",
        f"normalized_words({WORDS_OF_TWO})",
        "batch_norm_gradients([[1.0], [2.0], [6.0]], upstream=[[1.0], [0.0], [3.0]])",
        f"has_history({BATCH})",
    ),
    tolerance=1e-5,
    parts={
        "running_mean": (
            "The running mean is not right. In training only: new = (1 - momentum) * old + "
            "momentum * mean. PyTorch's momentum is the share of the new."
        ),
        "running_var": (
            "The running variance is not right. In training only: new = (1 - momentum) * old + "
            "momentum * variance, with the batch's variance divided by n - 1. PyTorch's momentum "
            "is the share of the new."
        ),
        "x": (
            "The output is right, but not the gradient of `x`: something on the way was taken out "
            "of the graph."
        ),
    },
    mistakes=(
        Mistake(
            "The variance is divided by n - 1, which `x.var(…)` and `x.std(…)` do unless you say "
            "unbiased=False. So does the lecture's code; the paper and torch.nn divide by n where "
            "they normalize, and by n - 1 only for the running variance.",
            {VAR: "x.var(over)"},
            {VAR: "x.var(over)", "var * n / (n - 1)": "var"},
            THE_LECTURES,
            THE_LECTURES.replace("(0, keepdim", "(tuple(range(x.ndim - 1)), keepdim"),
        ),
        Mistake(
            "For the running variance you divide by n. It is an estimate for all examples, not "
            "only for this batch, so torch.nn divides by n - 1: times n / (n - 1).",
            {"var * n / (n - 1)": "var"},
        ),
        Mistake(
            "With (batch, time, channel) you take the statistics over the batch alone, so each "
            "time has its own: the bug that lecture 6 finds. Take them over all dimensions but "
            "the last.",
            {OVER: "over = 0"},
            THE_LECTURES.replace("xvar = x.var(0,", "xvar = x.var(0, correction=0,").replace(
                "momentum * xvar", "momentum * x.var(0)"
            ),
        ),
        Mistake(
            "You normalize each example by itself, over its channels: that is layer norm. Batch "
            "norm takes the mean of a channel over the examples, dimension 0.",
            {"x.mean(over)": "x.mean(-1, keepdim=True)"}
            | {VAR: "x.var(-1, keepdim=True, correction=0)"}
            | update("lerp_(x.mean(over), self.momentum)", "lerp_(x.var(over), self.momentum)"),
            THE_LECTURES.replace("mean(0", "mean(1").replace("var(0", "var(1, correction=0"),
        ),
        Mistake(
            "There is one mean for all channels. Each channel has its own mean and variance.",
            {"x.mean(over)": "x.mean()", VAR: "((x - mean) ** 2).mean()"},
            {"x.mean(over)": "x.mean()", VAR: "((x - mean) ** 2).mean()"}
            | update("lerp_(mean, self.momentum)", "lerp_(x.var(over), self.momentum)"),
            {"x.mean(over)": "x.mean()", VAR: "((x - mean) ** 2).mean()"}
            | update("lerp_(x.mean(over), self.momentum)", "lerp_(x.var(over), self.momentum)"),
        ),
        Mistake(
            "self.eps is missing: a channel that is the same in every example has the variance 0, "
            "and 0 / 0 is nan.",
            {STD: "var.sqrt()"},
        ),
        Mistake(
            "self.eps belongs under the root, where it is added to the variance.",
            {STD: "(var.sqrt() + self.eps)"},
        ),
        Mistake(
            "You divide by the variance. Divide by its square root, the standard deviation: then "
            "the variance of the result is 1.",
            {STD: "(var + self.eps)"},
        ),
        Mistake(
            "gamma and beta are swapped: gamma, 1 at first, multiplies; beta, 0 at first, is "
            "added.",
            {OUT: OUT.replace("beta", "_").replace("gamma", "beta").replace("_", "gamma")},
        ),
        Mistake(
            "beta is added before gamma multiplies. Scale first, then shift: gamma * … + beta.",
            {OUT: f"self.gamma * ((x - mean) / {STD} + self.beta)"},
        ),
        Mistake(
            "The learned scale and shift are missing, or one of them: multiply by self.gamma, and "
            "add self.beta.",
            {OUT: f"(x - mean) / {STD}"},
            {" + self.beta": ""},
            {"self.gamma * ": ""},
        ),
        Mistake(
            "The mean is not subtracted, or only where the variance is computed.",
            {"self.gamma * (x - mean)": "self.gamma * x"},
        ),
        Mistake(
            "The division comes before the subtraction. Put x - mean in parentheses.",
            {OUT: f"self.gamma * (x - mean / {STD}) + self.beta"},
        ),
        Mistake(
            "The variance is the mean of the squares of `x` itself. It is the mean of the squared "
            "distances from the mean, (x - mean)².",
            {VAR: "(x**2).mean(over)"},
        ),
        Mistake(
            "The momentum is the wrong way round: PyTorch's momentum is the share of the new. "
            "With 0.1, a tenth of the running mean is the batch's, and nine tenths are the old "
            "one.",
            update("lerp_(mean, 1 - self.momentum)", f"lerp_({UNBIASED}, 1 - self.momentum)"),
            update("lerp_(mean, 1 - self.momentum)", "lerp_(var, 1 - self.momentum)"),
        ),
        Mistake(
            "You always take 0.1 (or 0.001, as the lecture does). Take self.momentum.",
            update("lerp_(mean, 0.1)", f"lerp_({UNBIASED}, 0.1)"),
            update("lerp_(mean, 0.001)", f"lerp_({UNBIASED}, 0.001)"),
        ),
        Mistake(
            "The old running statistics are lost. They should move toward those of the batch by "
            "the share self.momentum: (1 - momentum) * old + momentum * new.",
            update("copy_(mean)", f"copy_({UNBIASED})"),
            update("copy_(mean)", "copy_(var)"),
            update("copy_(self.momentum * mean)", f"copy_(self.momentum * {UNBIASED})"),
        ),
        Mistake(
            "You add to the running statistics, but take nothing of the old away: (1 - momentum) "
            "* old + momentum * new.",
            update("add_(self.momentum * mean)", f"add_(self.momentum * {UNBIASED})"),
        ),
        Mistake(
            "The running statistics do not move in training, so in evaluation they would still be "
            "0 and 1. Update them after each batch. (`lerp`, without the underscore, returns a new "
            "tensor.)",
            update("lerp(mean, self.momentum)", f"lerp({UNBIASED}, self.momentum)"),
        ),
        Mistake(
            "Only one of the two running statistics moves. Both should: the mean and the variance.",
            {"running_mean.lerp_": "running_mean.lerp"},
            {"running_var.lerp_": "running_var.lerp"},
        ),
        Mistake(
            "In evaluation you still take the mean and the variance of the batch. Without "
            "self.training, the running ones take their place, so that one example does not "
            "depend on the others.",
            {"if self.training:": "if True:"},
            {"self.running_mean, self.running_var\n": "x.mean(0), x.var(0, correction=0)\n"},
        ),
        Mistake(
            "The running statistics move in evaluation, too. They should move in training only; "
            "otherwise testing changes the model.",
            {"mean, var = self.running_mean, self.running_var": f"mean, var = {RUNNING}; {MOVE}"},
            {"mean, var = self.running_mean, self.running_var": f"{MOVE}; mean, var = {RUNNING}"},
        ),
        Mistake(
            "In training you normalize with the running statistics. Use those of the batch; the "
            "running ones are for evaluation.",
            {OUT: OUT.replace("mean", "self.running_mean").replace("var", "self.running_var")},
            {f"var = {VAR}": f"mean, var = {RUNNING}; {MOVE}; return {OUT}"},
        ),
        Mistake(
            "The two cases are swapped: the batch's mean and variance are for training, the "
            "running ones for evaluation.",
            {"if self.training:": "if not self.training:"},
        ),
        Mistake(
            "The output is right, but not the gradient: mean and variance are computed without "
            "gradients (no_grad, detach), as if they did not depend on `x`. Only the running "
            "statistics belong in no_grad.",
            {OUT: OUT.replace("mean", "mean.detach()").replace("var", "var.detach()")},
            {OUT: OUT.replace("mean", "mean.detach()")},
            {OUT: OUT.replace("var", "var.detach()")},
            {OUT: f"({OUT}).detach()"},
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


FOUR_LOGITS = (
    "tensor([[2.0, 1.0, 0.0], [0.5, -1.0, 3.0], [1.0, 1.0, 4.0], [0.0, 0.3, 0.1]]), "
    "tensor([0, 1, 1, 2])"
)
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
        f"cross_entropy_backward({FOUR_LOGITS})",
    ),
    tolerance=1e-5,
    mistakes=(
        Mistake(
            "It is not divided by n. The loss is a mean over n examples, so each of them has only "
            "1/n of the gradient.",
            {" / len(y)": ""},
        ),
        Mistake(
            "Only one of the two parts is divided by n. Divide the difference, (softmax - 1 at the "
            "target) / n: the whole gradient is 1/n of it.",
            {DIFFERENCE: f"{SOFTMAX} - {ONE_HOT}"},
            {DIFFERENCE + " / len(y)": f"{SOFTMAX} / len(y) - {ONE_HOT}"},
        ),
        Mistake(
            "You divide by something else than the number of examples. The loss is a mean over the "
            "n rows, not over the vocabulary.",
            {"/ len(y)": "/ logits.shape[1]"},
            {"/ len(y)": "/ logits.numel()"},
            {"/ len(y)": "* len(y)"},
        ),
        Mistake(
            "The 1 at the target is missing: these are the probabilities. The target's logit "
            "should rise, so its gradient is p - 1.",
            *with_and_without_n(SOFTMAX),
        ),
        Mistake(
            "This is the gradient of the logprobs, -1/n at the target and 0 elsewhere. It has to "
            "go on through the softmax, which gives every logit a part.",
            *with_and_without_n(f"-{ONE_HOT}"),
        ),
        Mistake(
            "This is the gradient of the probabilities, -1 / (n p) at the target. It has to go on "
            "through the softmax, to the logits.",
            *with_and_without_n(f"-{ONE_HOT} / {SOFTMAX}"),
        ),
        Mistake(
            "A sign is wrong. A step against the gradient has to raise the target's logit, so its "
            "gradient is negative, p - 1, and that of the others is p: softmax minus one-hot.",
            *with_and_without_n(f"{ONE_HOT} - {SOFTMAX}"),
            {DIFFERENCE: f"({SOFTMAX} + {ONE_HOT})"},
        ),
        Mistake(
            "You subtract the ids themselves. Subtract 1 in column y[i] of row i: F.one_hot(y, "
            "vocab), or [range(len(y)), y] -= 1.",
            *with_and_without_n(f"{SOFTMAX} - y[:, None]"),
        ),
        Mistake(
            "You subtract 1 from all probabilities. Subtract it only at the target of each row: "
            "[range(len(y)), y].",
            *with_and_without_n(f"{SOFTMAX} - 1"),
        ),
        Mistake(
            "The target gets -1 instead of p - 1: where you wrote `= -1`, it takes `-= 1`.",
            {DIFFERENCE: f"torch.where({ONE_HOT} == 1, -1.0, {SOFTMAX})"},
            f"d = {SOFTMAX}\nd[range(len(y)), y] = -1 / len(y)\nreturn d",
            f"d = {SOFTMAX} / len(y)\nd[range(len(y)), y] = -1\nreturn d",
        ),
        Mistake(
            "Softmax goes down the columns. The probabilities of each row sum to 1: dimension 1.",
            *with_and_without_n(f"logits.softmax(0) - {ONE_HOT}"),
        ),
        Mistake(
            "The logits themselves are not probabilities: softmax is missing.",
            *with_and_without_n(f"logits - {ONE_HOT}"),
        ),
        Mistake(
            "exp of the logits is not yet a probability: divide by the sum of the row.",
            *with_and_without_n(f"logits.exp() - {ONE_HOT}"),
        ),
        Mistake(
            "You use log-probabilities. The gradient consists of the probabilities themselves: "
            "softmax, not log_softmax.",
            *with_and_without_n(f"logits.log_softmax(1) - {ONE_HOT}"),
        ),
        Mistake(ALL_ROWS, *minus_1_at(":, y")),
        Mistake(
            "The two indices are swapped: rows first, range(len(y)), then the columns, y.",
            *minus_1_at("y, range(len(y))"),
        ),
        Mistake(
            "`[y]` takes whole rows, those whose numbers are in `y`. Subtract the 1 at one place "
            "of each row: [range(len(y)), y].",
            *minus_1_at("y"),
            *minus_1_at("y, y"),
        ),
        Mistake(
            "p (1 - p) is a part of the derivative of softmax, not yet of the loss. With the "
            "logarithm, most of it cancels: p - 1 at the target, p elsewhere.",
            *with_and_without_n(f"{SOFTMAX} * (1 - {SOFTMAX})"),
            *with_and_without_n(f"{SOFTMAX} * {DIFFERENCE}"),
            *with_and_without_n(f"{SOFTMAX} * (1 - {SOFTMAX}) * {DIFFERENCE}"),
        ),
    ),
)


def hprebn_gradient(hprebn: Numbers, d_bnraw: Tensor) -> Any:
    """What `batch_norm_backward` makes of the gradient of the normalized `hprebn`."""
    x = tensor(hprebn)
    bnvar_inv = (x.var(0, keepdim=True) + EPSILON) ** -0.5
    return batch_norm_backward(d_bnraw, (x - x.mean(0, keepdim=True)) * bnvar_inv, bnvar_inv)


SHIFT, STRETCH = "shift = d_bnraw.mean(0)", "stretch = (d_bnraw * bnraw).sum(0) / (len(bnraw) - 1)"
TOTAL = "d_bnraw.sum() / len(bnraw)"
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
        "hprebn_gradient([[1.0], [2.0], [6.0]], tensor([[1.0], [0.0], [0.0]]))",
        "hprebn_gradient([[1.0], [2.0], [6.0]], tensor([[1.0], [1.0], [1.0]]))",
        "hprebn_gradient([[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]], "
        "tensor([[1.0, 2.0], [0.5, 0.0], [3.0, -1.0]]))",
        "hprebn_gradient([[0.1, 0.8], [0.9, 0.3], [0.5, 0.5], [0.2, 0.7]], "
        "tensor([[0.2, 1.0], [-0.4, 0.3], [1.1, -2.0], [0.0, 0.6]]))",
    ),
    tolerance=1e-4,
    mistakes=(
        Mistake(
            "You take the mean and the variance as fixed. They depend on hprebn, too: one that "
            "grows raises the mean, so all others come out lower.",
            {RESULT: "bnvar_inv * d_bnraw"},
        ),
        Mistake(
            "The gradient through the variance is missing, or it comes out as 0 (Σ bnraw is 0 in "
            "every channel). hprebn also changes the variance, which scales every bnraw of its "
            "channel. This path contributes a term with Σ (d_bnraw * bnraw).",
            {" - bnraw * stretch": ""},
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
            "You divide the sum of d_bnraw by n - 1. Only the variance was divided by that; a "
            "mean is a sum divided by n.",
            {SHIFT: "shift = d_bnraw.sum(0) / (len(bnraw) - 1)"},
        ),
        Mistake(
            "It is n times as large as it should be: in the lecture's formula, n * d_bnraw - … "
            "stands in parentheses, and 1/n in front of them.",
            {RESULT: "len(bnraw) * bnvar_inv * (d_bnraw - shift - bnraw * stretch)"},
        ),
        Mistake(
            "The direct term is divided by n, too. In the lecture's formula, it is n * d_bnraw "
            "that stands behind 1/n.",
            {RESULT: "bnvar_inv * (d_bnraw / len(bnraw) - shift - bnraw * stretch)"},
        ),
        Mistake(
            "A division is missing: the sum of d_bnraw is divided by n, that of d_bnraw * bnraw by "
            "n - 1.",
            {SHIFT: "shift = d_bnraw.sum(0)"},
            {" / (len(bnraw) - 1)": ""},
            {SHIFT: "shift = d_bnraw.sum(0)", " / (len(bnraw) - 1)": ""},
        ),
        Mistake(
            "A sign is wrong. What goes through the mean and through the variance lowers the "
            "gradient: both are subtracted.",
            {"- shift": "+ shift"},
            {"- bnraw * stretch": "+ bnraw * stretch"},
            {"- shift - bnraw * stretch": "+ shift + bnraw * stretch"},
        ),
        Mistake(
            "bnvar_inv is missing: bnraw is hprebn's distance from the mean times bnvar_inv, so "
            "the gradient is multiplied by it, too.",
            {"bnvar_inv * (d_bnraw": "(d_bnraw"},
            {RESULT: "(bnvar_inv * d_bnraw - shift - bnraw * stretch)"},
        ),
        Mistake(
            "You divide by bnvar_inv, or multiply by it twice. It is 1 / √(variance + ε) already: "
            "multiply by it once.",
            {"bnvar_inv * (d": "1 / bnvar_inv * (d"},
            {"bnvar_inv * (d": "bnvar_inv**2 * (d"},
            {"bnvar_inv * (d": "bnvar_inv**0.5 * (d"},
        ),
        Mistake(
            "The sums go along the rows. Mean and variance are those of a channel, over the "
            "examples: sum along dimension 0.",
            {
                SHIFT: "shift = d_bnraw.mean(1, keepdim=True)",
                STRETCH: "stretch = (d_bnraw * bnraw).sum(1, keepdim=True) / (len(bnraw) - 1)",
            },
            {
                SHIFT: "shift = d_bnraw.mean(1, keepdim=True)",
                STRETCH: "stretch = (d_bnraw * bnraw).sum(1, keepdim=True) / (bnraw.shape[1] - 1)",
            },
        ),
        Mistake(
            "You sum over all channels together. Each has its own mean and variance: sum(0).",
            {SHIFT: f"shift = {TOTAL}", ".sum(0) /": ".sum() /"},
            {SHIFT: "shift = d_bnraw.mean()", ".sum(0) /": ".sum() /"},
            {SHIFT: f"shift = {TOTAL}"},
            {SHIFT: "shift = d_bnraw.mean()"},
            {".sum(0) /": ".sum() /"},
        ),
        Mistake(
            "A sum over the examples is missing: what goes through the mean is one number for "
            "each channel, and so is Σ (d_bnraw * bnraw).",
            {".sum(0) / (len": " / (len"},
            {SHIFT: "shift = d_bnraw / len(bnraw)"},
            {SHIFT: "shift = d_bnraw / len(bnraw)", ".sum(0) / (len": " / (len"},
        ),
        Mistake(
            "The part through the variance is the same for all examples. Multiply it by each "
            "one's bnraw: those far from the mean change the variance most.",
            {"bnraw * stretch": "stretch"},
        ),
        Mistake(
            "In the part through the variance, multiply d_bnraw by bnraw before you sum: Σ "
            "(d_bnraw * bnraw), not Σ d_bnraw.",
            {"(d_bnraw * bnraw).sum(0)": "d_bnraw.sum(0)"},
            {"(d_bnraw * bnraw).sum(0)": "bnraw * d_bnraw.sum(0)"},
        ),
        Mistake(
            "n is the number of examples, len(bnraw), not of channels.",
            "n = bnraw.shape[1]\n"
            "return bnvar_inv / n * (n * d_bnraw - d_bnraw.sum(0)"
            " - n / (n - 1) * bnraw * (d_bnraw * bnraw).sum(0))",
            {"len(bnraw) - 1": "bnraw.shape[1] - 1"},
            {SHIFT: "shift = d_bnraw.sum(0) / bnraw.shape[1]"},
            {
                SHIFT: "shift = d_bnraw.sum(0) / bnraw.shape[1]",
                "len(bnraw) - 1": "bnraw.shape[1] - 1",
            },
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
        for parameter, numbers in (
            (cell.from_input.weight, W),
            (cell.from_hidden.weight, U),
            (cell.from_input.bias, b),
        ):
            parameter.copy_(tensor(numbers))
    return cell(tensor(x), (tensor(h),))


def state_after(*characters: Numbers, n_hidden: int) -> Any:
    """The state after several characters, and the gradient of the first; the weights are random."""
    cell = RNNCell(len(characters[0][0]), n_hidden)
    first = torch.zeros(len(characters[0]), n_hidden, requires_grad=True)
    state: Any = (first,)
    for character in characters:
        state = cell(tensor(character), state)
        if not isinstance(state, tuple | list) or len(state) != 1:
            return state
    (h,) = state
    if h.requires_grad:
        h.sum().backward()
    return {"h": h, "gradient of the first state": first.grad}


SUM = "self.from_input(x) + self.from_hidden(h)"
NOT_TRANSPOSED = "x @ self.from_input.weight + self.from_input.bias"


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
    mistakes=(
        Mistake(
            "tanh is missing. Without it the cell is linear, and its state can grow without bound.",
            new_h(SUM),
        ),
        Mistake(
            "The old state plays no part: the network would see one character and remember "
            "nothing. Add self.from_hidden(h).",
            new_h("torch.tanh(self.from_input(x))"),
        ),
        Mistake(
            "The character plays no part. Add self.from_input(x).",
            new_h("torch.tanh(self.from_hidden(h))"),
        ),
        Mistake(
            "The bias is added twice: `self.from_input(x)` has it already.",
            new_h(f"torch.tanh({SUM} + self.from_input.bias)"),
        ),
        Mistake(
            "The bias is missing. `self.from_input(x)` is W x + b; `x @ self.from_input.weight.T` "
            "only W x.",
            new_h(f"torch.tanh({SUM} - self.from_input.bias)"),
        ),
        Mistake(
            "A matrix is not transposed: nn.Linear keeps its weight as (outputs, inputs), so "
            "write x @ weight.T, or call the layer.",
            new_h("torch.tanh(self.from_input(x) + h @ self.from_hidden.weight)"),
            new_h(f"torch.tanh({NOT_TRANSPOSED} + self.from_hidden(h))"),
            new_h(f"torch.tanh({NOT_TRANSPOSED} + h @ self.from_hidden.weight)"),
        ),
        Mistake(
            "The two layers are swapped: `from_input` takes the character, x, and `from_hidden` "
            "the state, h.",
            new_h("torch.tanh(self.from_input(h) + self.from_hidden(x))"),
            new_h("torch.tanh(self.from_hidden(x) + self.from_input(h))"),
        ),
        Mistake(
            "tanh is applied to the two parts, or to one of them. Add up first: tanh(W x + U h + "
            "b).",
            new_h("torch.tanh(self.from_input(x)) + torch.tanh(self.from_hidden(h))"),
            new_h("torch.tanh(self.from_input(x)) + self.from_hidden(h)"),
            new_h("self.from_input(x) + torch.tanh(self.from_hidden(h))"),
        ),
        Mistake(
            "The bias is added after tanh. It belongs inside: tanh(W x + U h + b).",
            new_h(f"torch.tanh({SUM} - self.from_input.bias) + self.from_input.bias"),
        ),
        Mistake(
            "The state is a tuple, even if it has only one part: return (h,), with a comma.",
            {f"(torch.tanh({SUM}),)": f"torch.tanh({SUM})"},
        ),
        Mistake(
            "You return more than the state. Here the state is one tensor: return (h,).",
            f"(h,) = state\nh = torch.tanh({SUM})\nreturn h, h",
            f"(h,) = state\nh = torch.tanh({SUM})\nreturn h, (h,)",
        ),
        Mistake(
            "The old state is added as it is. It has weights of its own: self.from_hidden(h).",
            new_h("torch.tanh(self.from_input(x) + h)"),
        ),
        Mistake(
            "The two parts are multiplied. Add them: tanh(W x + U h + b).",
            new_h("torch.tanh(self.from_input(x) * self.from_hidden(h))"),
        ),
        Mistake(
            "The old state is added to the new one, or averaged with it. In this cell all of the "
            "state is made anew; keeping some of it is what a GRU does.",
            new_h(f"torch.tanh({SUM}) + h"),
            new_h(f"torch.tanh({SUM}) * 0.5 + h * 0.5"),
        ),
        Mistake(
            "That is another activation function. This cell's is tanh, from -1 to 1.",
            new_h(f"torch.sigmoid({SUM})"),
            new_h(f"torch.relu({SUM})"),
        ),
        Mistake(
            "You return the old state. The new one is tanh(W x + U h + b).",
            new_h("h"),
        ),
        Mistake(
            "The state is right, but no gradient goes back to the earlier characters: "
            "`.detach()`, `.data` or `no_grad` cuts the graph.",
            new_h("torch.tanh(self.from_input(x) + self.from_hidden(h.detach()))"),
            new_h(f"torch.tanh({SUM}).detach()"),
        ),
        Mistake(
            "`state` is a tuple, and a layer takes a tensor. Take it out first: (h,) = state.",
            {"(h,) = state": "h = state"},
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

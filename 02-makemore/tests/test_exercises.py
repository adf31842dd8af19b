"""The exercises: every mistake is named as itself, and no right solution is refused."""

import pytest

from house.exercises import outdated, problems, refused
from makemore.exercises import LADDER
from shared import datasets


@pytest.fixture
def few_names(tmp_path, monkeypatch):
    """Makes `names` the bundled list, without a download."""
    names = datasets.load("names", "bundled").text
    (tmp_path / "names.txt").write_text(names, encoding="utf-8")
    monkeypatch.setenv("LM_DATA_DIR", str(tmp_path))


@pytest.mark.filterwarnings("ignore:.* is not the lecture's file")
def test_every_step_can_be_cut_out_is_called_in_training_and_knows_its_mistakes(few_names):
    assert problems(LADDER) == []


RIGHT = {
    "count": [
        """
        for row_x, row_y in zip(x.tolist(), y.tolist()):
            for a, b in zip(row_x, row_y):
                if b != PADDING:
                    self.counts[a, b] += 1
        """,
        """
        v, real = len(self.counts), y >= 0
        pairs = x[real] * v + y[real]
        self.counts = self.counts + torch.bincount(pairs, minlength=v * v).view(v, v)
        """,
    ],
    "probabilities": [
        "P = self.counts + self.smoothing\nP /= P.sum(1, keepdim=True)\nreturn P",
        "counts = self.counts.double() + self.smoothing\nreturn (counts.T / counts.sum(1)).T",
    ],
    "nll": [
        """
        log_likelihood = 0.0
        for i in range(len(y)):
            log_likelihood += torch.log(probs[i, y[i]])
        return -log_likelihood / len(y)
        """,
        "return F.nll_loss(probs.log(), y)",
        "return -sum(math.log(row[i]) for row, i in zip(probs.tolist(), y.tolist())) / len(y)",
    ],
    "windows": [
        """
        X, Y = [], []
        for w in words:
            context = [0] * block_size
            for ch in w + ".":
                ix = alphabet.stoi.get(ch, 0)
                X.append(context)
                Y.append(ix)
                context = context[1:] + [ix]
        return torch.tensor(X), torch.tensor(Y)
        """,
        """
        xs, ys = [], []
        for word in words:
            ids = torch.tensor([END] * block_size + alphabet.encode(word) + [END])
            xs.append(ids[:-1].unfold(0, block_size, 1))
            ys.append(ids[block_size:])
        return [torch.cat(xs).int(), torch.cat(ys).int()]
        """,
    ],
    "cross-entropy": [
        """
        counts = (logits - logits.max(1, keepdim=True).values).exp()
        probs = counts * counts.sum(1, keepdims=True) ** -1
        return -probs.log()[range(len(y)), y].mean()
        """,
        """
        loss = 0
        for row, target in zip(logits, y):
            largest = row.max().detach()
            loss = loss + largest + (row - largest).exp().sum().log() - row[target]
        return loss / len(y)
        """,
        "return F.cross_entropy(logits, y)",
    ],
    "batch-norm": [
        """
        dim = 0 if x.ndim == 2 else (0, 1)
        n, m = x[..., 0].numel(), self.momentum
        if self.training:
            xmean = x.mean(dim, keepdim=True)
            xvar = x.var(dim, keepdim=True, unbiased=False)
            with torch.no_grad():
                self.running_mean = (1 - m) * self.running_mean + m * xmean
                self.running_var = (1 - m) * self.running_var + m * xvar * n / (n - 1)
        else:
            xmean, xvar = self.running_mean, self.running_var
        xhat = (x - xmean) / torch.sqrt(xvar + self.eps)
        self.out = self.gamma * xhat + self.beta
        return self.out
        """,
        """
        flat = x.reshape(-1, x.shape[-1])
        mean, var = self.running_mean, self.running_var
        if self.training:
            mean = flat.sum(0) / len(flat)
            var = (flat**2).sum(0) / len(flat) - mean**2
            self.running_mean += self.momentum * (mean.detach() - self.running_mean)
            self.running_var += self.momentum * (flat.var(0).detach() - self.running_var)
        flat = (flat - mean) * (var + self.eps) ** -0.5
        return (flat * self.gamma + self.beta).view_as(x)
        """,
        """
        running = self.running_mean, self.running_var
        rest = self.gamma, self.beta, self.training, self.momentum, self.eps
        return nn.functional.batch_norm(x.flatten(0, -2), *running, *rest).view_as(x)
        """,
    ],
    "cross-entropy-backward": [
        """
        dlogits = F.softmax(logits, 1)
        dlogits[range(len(y)), y] -= 1
        dlogits /= len(y)
        return dlogits
        """,
        """
        counts = (logits - logits.max(1, keepdim=True).values).exp()
        counts_sum_inv = counts.sum(1, keepdim=True) ** -1
        dlogprobs = torch.zeros_like(logits)
        dlogprobs[range(len(y)), y] = -1.0 / len(y)
        dprobs = dlogprobs / (counts * counts_sum_inv)
        dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
        return counts * (counts_sum_inv * dprobs - counts_sum_inv**2 * dcounts_sum_inv)
        """,
    ],
    "batch-norm-backward": [
        """
        n, bndiff = len(bnraw), bnraw / bnvar_inv
        dbnvar_inv = (bndiff * d_bnraw).sum(0, keepdim=True)
        dbnvar = -0.5 * bnvar_inv**3 * dbnvar_inv
        dbndiff = bnvar_inv * d_bnraw + 2 * bndiff * dbnvar / (n - 1)
        return dbndiff - dbndiff.sum(0) / n
        """,
        """
        n = len(bnraw)
        sums = d_bnraw.sum(0) + n / (n - 1) * bnraw * (d_bnraw * bnraw).sum(0)
        return bnvar_inv / n * (n * d_bnraw - sums)
        """,
    ],
    "rnn-cell": [
        """
        W = torch.cat([self.from_input.weight, self.from_hidden.weight], 1)
        return (torch.tanh(torch.cat([x, state[0]], 1) @ W.T + self.from_input.bias),)
        """,
        """
        e = (2 * (self.from_hidden(state[0]) + self.from_input(x))).exp()
        return [(e - 1) / (e + 1)]
        """,
    ],
}


def test_other_styles_are_right():
    assert refused(LADDER, RIGHT) == []


def test_the_dialogue_of_the_readme_is_what_a_learner_sees(tmp_path):
    assert outdated(LADDER, tmp_path) == []

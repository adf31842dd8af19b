"""The exercises: every mistake is named as itself, and no right solution is refused."""

import shutil
import sys

from gpt.exercises import LADDER
from house.exercises import outdated, problems, refused
from shared import datasets
from shared.checking import answers, judge
from shared.exercises import blanked, definition, with_definition


def test_every_step_can_be_cut_out_is_called_in_training_and_knows_its_mistakes(monkeypatch):
    bundled = datasets.load("shakespeare", "bundled")
    monkeypatch.setattr(datasets, "load", lambda name: bundled)
    assert problems(LADDER) == []


RIGHT = {
    "batch": [
        """
        ix = torch.randint(len(data) - block_size, (batch_size,))
        x = torch.stack([data[i : i + block_size] for i in ix])
        y = torch.stack([data[i + 1 : i + block_size + 1] for i in ix])
        return x, y
        """,
        """
        import random
        windows = data.unfold(0, block_size + 1, 1)
        chosen = windows[[random.randrange(len(windows)) for _ in range(batch_size)]]
        return chosen[:, :-1], chosen[:, 1:]
        """,
    ],
    "head": [
        """
        B, T, C = x.shape
        k = self.key(x)
        q = self.query(x)
        wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5
        wei = wei.masked_fill(self.tril[:T, :T] == 0, float("-inf"))
        wei = F.softmax(wei, dim=-1)
        wei = self.dropout(wei)
        v = self.value(x)
        return wei @ v
        """,
        """
        q, k, v = self.query(x), self.key(x), self.value(x)
        out = torch.zeros_like(v)
        for t in range(x.shape[1]):
            scores = torch.einsum("bd,bsd->bs", q[:, t], k[:, : t + 1]) / q.shape[2] ** 0.5
            weights = scores.exp() / scores.exp().sum(1, keepdim=True)
            out[:, t] = torch.einsum("bs,bsd->bd", self.dropout(weights), v[:, : t + 1])
        return out
        """,
    ],
    "heads": [
        "return torch.stack([head(x) for head in self.heads], dim=2).flatten(2)",
        "outs = [h(x) for h in self.heads]\nreturn torch.cat(tuple(outs), dim=2)",
    ],
    "block": [
        """
        shortcut = x
        x = self.ln1(x)
        x = self.sa(x)
        x = x + shortcut
        shortcut = x
        x = self.ln2(x)
        x = self.ffwd(x)
        return x + shortcut
        """,
        "y = x + self.sa(self.ln1(x))\nreturn torch.add(self.ffwd(self.ln2(y)), y)",
    ],
    "generate": [
        """
        for _ in range(max_new_tokens):
            idx_cond = ids[:, -self.block_size:]
            logits, loss = self(idx_cond)
            logits = logits[:, -1, :]
            probs = F.softmax(logits, dim=-1)
            idx_next = torch.multinomial(probs, num_samples=1)
            ids = torch.cat((ids, idx_next), dim=1)
        return ids
        """,
        """
        rows = list(ids.unbind(1))
        while len(rows) < ids.shape[1] + max_new_tokens:
            logits = self.forward(torch.stack(rows[-self.block_size :], 1))[0][:, -1]
            rows.append(torch.distributions.Categorical(logits=logits).sample())
        return torch.stack(rows, dim=1)
        """,
    ],
    "top-k": [
        """
        logits = logits / temperature
        if top_k is not None:
            v, _ = torch.topk(logits, min(top_k, logits.size(-1)))
            logits[logits < v[:, [-1]]] = -float("Inf")
        return F.softmax(logits, dim=-1)
        """,
        """
        probabilities = (logits / temperature).softmax(-1)
        if top_k is not None and top_k < logits.shape[-1]:
            values, places = probabilities.topk(top_k)
            kept = torch.zeros_like(probabilities).scatter(1, places, values)
            probabilities = kept / kept.sum(1, keepdim=True)
        return probabilities
        """,
    ],
    "attention": [
        """
        B, T, C = x.size()
        q, k, v = self.query_key_value(x).split(C, dim=2)
        k = k.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        q = q.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        v = v.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        if cache is not None:
            k, v = cache.extend(k, v)
        att = q @ k.transpose(-2, -1) / k.shape[-1] ** 0.5
        past = torch.ones(T, k.shape[2]).tril(k.shape[2] - T)
        y = att.masked_fill(past == 0, -torch.inf).softmax(-1) @ v
        y = y.transpose(1, 2).contiguous().view(B, T, C)
        return self.dropout(self.project(y))
        """,
        """
        B, T, C = x.shape
        parts = self.query_key_value(x).chunk(3, dim=-1)
        query, key, value = (torch.stack(p.chunk(self.n_head, dim=-1), dim=1) for p in parts)
        if cache is not None:
            key, value = cache.extend(key, value)
        seen = torch.ones(T, key.shape[2], dtype=torch.bool).tril(key.shape[2] - T)
        p = self.dropout.p if self.training else 0.0
        y = F.scaled_dot_product_attention(query, key, value, seen, p)
        return self.dropout(self.project(torch.cat(list(y.unbind(1)), dim=-1)))
        """,
    ],
    "kv-cache": [
        """
        if self.keys is None:
            self.keys, self.values = key, value
        else:
            self.keys = torch.cat([self.keys, key], dim=2)
            self.values = torch.cat([self.values, value], dim=2)
        self.length += key.shape[2]
        return self.keys, self.values
        """,
    ],
    "gpt2": [
        """
        start = 0
        if cache is not None:
            start = len(cache)
        x = self.token_embedding(ids)
        x = x + self.position_embedding.weight[None, start : start + ids.shape[1]]
        for i in range(len(self.blocks)):
            if cache is None:
                x = self.blocks[i](x)
            else:
                x = self.blocks[i](x, cache=cache.layers[i])
        logits = self.norm(x) @ self.token_embedding.weight.transpose(0, 1)
        if targets is None:
            return logits, None
        log_probabilities = logits.log_softmax(-1)
        return logits, -log_probabilities.gather(2, targets[:, :, None]).mean()
        """,
    ],
}


def test_other_styles_are_right():
    assert refused(LADDER, RIGHT) == []


def test_each_step_is_right_while_the_others_are_blank(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    shutil.copytree(LADDER.lesson / LADDER.package, tmp_path / LADDER.package)
    for step in LADDER.steps.values():
        path, name = LADDER.place(step)
        source = (tmp_path / path).read_text(encoding="utf-8")
        (tmp_path / path).write_text(blanked(source, name, step.write), encoding="utf-8")
    for step in LADDER.steps.values():
        path, name = LADDER.place(step)
        blank = (tmp_path / path).read_text(encoding="utf-8")
        written = with_definition(blank, name, definition(LADDER.source(step), name))
        (tmp_path / path).write_text(written, encoding="utf-8")
        right, found = (list(answers(LADDER, step, f)) for f in (LADDER.lesson, tmp_path))
        (tmp_path / path).write_text(blank, encoding="utf-8")
        assert judge(step, right, [], found).right, step.name


def test_the_dialogue_of_the_readme_is_what_a_learner_sees(tmp_path):
    assert outdated(LADDER, tmp_path) == []

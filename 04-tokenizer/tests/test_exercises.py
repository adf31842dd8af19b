"""The exercises: every mistake is named as itself, and no right solution is refused."""

from house.exercises import outdated, problems, refused
from tokenizer.exercises import LADDER


def test_every_step_can_be_cut_out_is_called_in_training_and_knows_its_mistakes():
    assert problems(LADDER) == []


RIGHT = {
    "merge": [
        """
        out, skip = [], False
        for a, b in zip(ids, [*ids[1:], None]):
            if skip:
                skip = False
            elif (a, b) == pair:
                out.append(new_id)
                skip = True
            else:
                out.append(a)
        return out
        """,
        """
        ids = list(ids)
        for i in range(len(ids)):
            if tuple(ids[i : i + 2]) == pair:
                ids[i : i + 2] = [new_id]
        return tuple(ids)
        """,
    ],
    "train": [
        """
        ids = list(text.encode("utf-8"))
        self.merges, self.vocab = {}, {i: bytes([i]) for i in range(256)}
        for i in range(vocab_size - 256):
            stats = count_pairs(ids)
            pair = max(stats, key=stats.get)
            ids = merge(ids, pair, 256 + i)
            self.merges[pair] = 256 + i
            self.vocab[256 + i] = self.vocab[pair[0]] + self.vocab[pair[1]]
        """,
        """
        ids, merges = [*text.encode()], {}
        while len(ids) > 1 and 256 + len(merges) < vocab_size:
            (pair, _), *_ = count_pairs(ids).most_common()
            new_id = merges[pair] = 256 + len(merges)
            ids = merge(ids, pair, new_id)
        self.merges, self.vocab = merges, build_vocab(merges)
        """,
    ],
    "encode": [
        "for pair, new_id in merges.items():\n    ids = merge(ids, pair, new_id)\nreturn ids",
        """
        known = [merges[pair] for pair in zip(ids, ids[1:]) if pair in merges]
        if not known:
            return ids
        pair = next(pair for pair in merges if merges[pair] == min(known))
        return apply_merges(merge(ids, pair, min(known)), merges)
        """,
    ],
    "decode": [
        """
        data = bytearray()
        for i in ids:
            data.extend(self.vocab[i])
        return str(data, "utf-8", "replace")
        """,
        """
        pairs = {new_id: pair for pair, new_id in self.merges.items()}
        def expand(i):
            return bytes([i]) if i < 256 else b"".join(map(expand, pairs[i]))
        return b"".join(map(expand, ids)).decode("utf-8", errors="replace")
        """,
    ],
    "special-tokens": [
        """
        if allowed_special == "all":
            special = self.special_tokens
        elif allowed_special == "none":
            special = {}
        elif allowed_special == "none_raise":
            special = {}
            assert all(token not in text for token in self.special_tokens)
        else:
            special = {k: v for k, v in self.special_tokens.items() if k in allowed_special}
        if not special:
            return self.encode_ordinary(text)
        pattern = "(" + "|".join(re.escape(k) for k in sorted(special, key=len, reverse=True)) + ")"
        ids = []
        for part in re.split(pattern, text):
            if part in special:
                ids.append(special[part])
            else:
                ids.extend(self.encode_ordinary(part))
        return ids
        """,
        """
        allowed = allowed_special
        if allowed in ("none", "none_raise"):
            if allowed == "none_raise" and any(token in text for token in self.special_tokens):
                raise ValueError("a special token")
            return self.encode_ordinary(text)
        special = self.special_tokens if allowed == "all" else allowed
        start, ids = 0, []
        for i in range(len(text)):
            here = [token for token in special if text.startswith(token, i)]
            if i >= start and here:
                token = max(here, key=len)
                ids += [*self.encode_ordinary(text[start:i]), self.special_tokens[token]]
                start = i + len(token)
        return ids + self.encode_ordinary(text[start:])
        """,
    ],
}


def test_other_styles_are_right():
    assert refused(LADDER, RIGHT) == []


def test_the_dialogue_of_the_readme_is_what_a_learner_sees(tmp_path):
    assert outdated(LADDER, tmp_path) == []

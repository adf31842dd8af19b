"""Character-level language models of single words, from a table of counts to a Transformer.

Follows lectures 2 to 6 of Neural Networks: Zero to Hero. `words` makes numbers of a list of words,
`models` holds the ladder, and one loss, one trainer and one sampler serve all of its rungs.
"""

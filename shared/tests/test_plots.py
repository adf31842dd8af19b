"""What the pictures show is what they were given."""

from shared import plots


def test_loss_curve_draws_every_point_and_the_floor():
    figure = plots.loss_curve({"train": [(0, 2.0), (10, 1.0)], "dev": [(5, 1.5)]}, {"best": 0.5})
    (axes,) = figure.axes
    drawn = {line.get_label(): (*line.get_xdata(), *line.get_ydata()) for line in axes.lines}
    assert drawn["train"] == (0, 10, 2.0, 1.0)
    assert drawn["dev"] == (5, 1.5)
    assert set(drawn["best"][2:]) == {0.5}
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["train", "dev", "best"]


def test_saved_picture_is_of_the_kind_its_name_says_and_the_same_every_time(tmp_path):
    def saved(name: str) -> bytes:
        plots.save(plots.loss_curve({"train": [(0, 2.0), (1, 1.0)]}), tmp_path / name)
        return (tmp_path / name).read_bytes()

    assert saved("a.png")[:8] == b"\x89PNG\r\n\x1a\n"
    assert saved("a.svg")[:5] == b"<?xml"
    assert saved("b.svg") == saved("c.svg")

"""Real data: what is loaded, what is refused, and that both sides train alike on it."""

import numpy as np
import pytest

from backproof import manual
from backproof.autodiff.program import DerivedProgram
from backproof.compare import PAIRS
from backproof.compare.builtin import NETWORKS
from backproof.compare.dataset import Dataset, load
from backproof.compare.training import fits, train


@pytest.mark.parametrize(
    ("name", "n_x", "n_y", "m", "is_classes"),
    [
        ("breast-cancer", 30, 1, 569, True),
        ("diabetes", 10, 1, 442, False),
        ("digits", 64, 10, 1797, True),
    ],
)
def test_the_bundled_sets_are_columns_of_examples_standardised(name, n_x, n_y, m, is_classes):
    data = load(name)
    assert data.X.shape == (n_x, m)
    assert data.Y.shape == (n_y, m)
    assert data.is_classes is is_classes
    np.testing.assert_allclose(data.X.mean(axis=1), 0, atol=1e-12)
    assert set(np.round(data.X.std(axis=1), 9)) <= {0, 1}
    if is_classes:
        assert set(np.unique(data.Y)) == {0, 1}


def written(tmp_path, text):
    path = tmp_path / "data.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("text", ["a,y,b\n1,0,2\n3,1,4\n", "\ufeffa , y,b\r\n1,0,2\r\n\r\n3,1,4"])
def test_a_csv_file_becomes_X_and_Y(tmp_path, text):
    """With or without a byte order mark, blanks around names, blank lines, a last newline."""
    path = written(tmp_path, text)
    data = load(str(path), "y")
    assert data.is_classes
    np.testing.assert_array_equal(data.X, [[-1, 1], [-1, 1]])
    np.testing.assert_array_equal(data.Y, [[0, 1]])
    assert not load(str(path), "b").is_classes


FILES = {
    "empty": ("", r"line 1: the file is empty; expected a header line"),
    "blank": ("\n\n", r"line 1: the file is empty"),
    "header alone": ("a,y\n", r"line 2: no rows below the header"),
    "one column": ("y\n1\n", r"line 1: one column; expected features and a label"),
    "two names alike": ("a,a,y\n1,2,0\n", r"line 1: two columns have one name"),
    "ragged, short": ("a,y\n1,0\n2\n", r"line 3: 1 cells, expected 2 as in the header"),
    "ragged, long": ("a,y\n1,0,5\n", r"line 2: 3 cells, expected 2"),
    "a word": ("a,y\n1,0\nred,1\n", r"line 3, column 'a': 'red' is not a finite number; mend it"),
    "an empty cell": ("a,y\n,0\n", r"line 2, column 'a': '' is not a finite number"),
    "NaN": ("a,y\nnan,0\n", r"line 2, column 'a': 'nan' is not a finite number"),
    "infinity": ("a,y\n1,inf\n", r"line 2, column 'y': 'inf' is not a finite number"),
    "no such column": ("a,b\n1,0\n", r"line 1: no column 'y'; choose --label from a, b"),
    "not text": (b"a,y\n\xff\xfe\n", r"not a CSV file in UTF-8"),
    "a NUL": (b"a,y\n1,\x00\n", r"data\.csv.*line"),
}


@pytest.mark.parametrize(("text", "message"), FILES.values(), ids=FILES)
def test_a_broken_csv_file_is_refused_by_file_and_line(tmp_path, text, message):
    path = written(tmp_path, text)
    with pytest.raises(ValueError, match=message) as raised:
        load(str(path), "y")
    assert str(path) in str(raised.value)


def test_a_csv_file_needs_a_label_and_a_bundled_set_has_its_own(tmp_path):
    with pytest.raises(ValueError, match="a CSV file needs --label COLUMN"):
        load(str(written(tmp_path, "a,y\n1,0\n")))
    with pytest.raises(ValueError, match="digits has labels of its own"):
        load("digits", "y")
    with pytest.raises(FileNotFoundError):
        load(str(tmp_path / "none.csv"), "y")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("data", "pair"),
    [
        ("breast-cancer", "logistic-cross_entropy"),
        ("breast-cancer", "shallow-tanh-sigmoid-cross_entropy"),
        ("diabetes", "shallow-relu-identity-half_squared_error"),
        ("digits", "deep-3-sigmoid-cross_entropy"),
    ],
)
def test_both_sides_train_alike(data, pair, dtype):
    """Trajectories stay within what rounding alone does, and end at the same score."""
    report = train(PAIRS[pair], load(data), dtype=dtype)
    assert report.agrees, str(report)
    assert 0 < report.allowed * report.eps < 1e-3
    assert report.scores[0] == pytest.approx(report.scores[1], rel=1e-6)


def test_a_cost_that_trains_to_nothing_is_no_disagreement(tmp_path):
    """Two examples are fitted exactly: what is left of the cost is rounding alone."""
    path = written(tmp_path, "a,b,y\n1,2,1.5\n2,1,3\n")
    report = train(PAIRS["shallow-identity-identity-half_squared_error"], load(str(path), "y"))
    assert report.agrees, str(report)


def test_a_training_that_diverges_is_no_agreement_and_says_so():
    with np.errstate(all="ignore"):
        report = train(PAIRS["shallow-relu-identity-half_squared_error"], tiny())
    assert not report.agrees
    assert "training came to an end" in str(report)


def tiny():
    """Return a data set of one feature, whose learning rate is bounded by 1 alone."""
    return Dataset("tiny", np.array([[1e150, -1e150]]), np.array([[1.0, -1.0]]), False)


def test_huge_values_are_standardised_without_overflow(tmp_path):
    path = written(tmp_path, "a,b,y\n1e300,1,0\n-1e300,2,1\n1e300,4,1\n")
    np.testing.assert_allclose(load(str(path), "y").X.std(axis=1), 1)


def test_pairs_fit_data_by_their_loss_and_outputs():
    unit, regression = PAIRS["logistic-cross_entropy"], "shallow-tanh-identity-half_squared_error"
    assert fits(unit, load("breast-cancer"))
    assert not fits(unit, load("digits"))
    assert not fits(unit, load("diabetes"))
    assert fits(PAIRS[regression], load("diabetes"))


def test_a_wrong_gradient_shows_in_the_trajectory_too():
    """A gradient off by one part in a thousand is named, and the trajectories part."""

    def by_hand(parameters, X, Y):
        J, cache, gradients = manual.shallow.gradients(parameters, X, Y, with_dX=True)
        return {"J": J} | cache | gradients | {"dW1": gradients["dW1"] * 1.001}

    pair = NETWORKS["shallow-tanh-sigmoid-cross_entropy"].pair(by_hand)
    report = train(pair, load("breast-cancer"))
    assert not report.agrees
    assert {failure.quantity for failure in report.failures} == {"dW1"}
    assert report.difference > report.allowed
    assert "dW1" in str(report)
    assert "trajectories come" in str(report)


def test_a_replay_that_differs_from_XLA_is_no_agreement(monkeypatch):
    """Training goes through XLA: gradients that only the replay has wrong are found all the same."""
    name = "logistic-cross_entropy"
    pair, right = NETWORKS[name].pair(), PAIRS[name].reference

    def wrong(**arguments):
        J, values, gradients = right.program.function(**arguments)
        return J, values, gradients | {"dw": gradients["dw"] * 1.001}

    monkeypatch.setattr(pair.reference, "program", DerivedProgram(wrong, right.program.signature))
    monkeypatch.setattr(pair.reference, "by_xla", right.by_xla)
    monkeypatch.setattr("backproof.compare.training.STEPS", 5)
    report = train(pair, load("breast-cancer"))
    assert not report.agrees
    faults = [failure for failure in report.failures if failure.quantity == "the replay"]
    assert len(faults) == 2
    assert faults[0].note.startswith("differs from XLA: dw at [")
    assert report.difference <= report.allowed

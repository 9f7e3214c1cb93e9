import numpy as np
import pytest
import torch
from loss_batches import all_pairs, all_triplets, pairs_of, quadruplets_of, triplets_of

from explorer.learning.losses import LOSSES
from explorer.learning.losses.base import Loss
from explorer.learning.tuples import Triplets

LABELS = [0, 0, 0, 1, 1, 1, 2, 2]
SIMILAR, OTHERS = all_pairs(LABELS)
GIVEN = {
    "labels": torch.tensor(LABELS),
    "clusters": torch.tensor([0, 0, 1, 0, 1, 1, 0, 0]),
    "scores": torch.from_numpy(np.random.default_rng(5).normal(size=(8, 2))),
    "positives": pairs_of(SIMILAR),
    "negatives": pairs_of(OTHERS),
    "triplets": triplets_of(all_triplets(LABELS)),
    "quadruplets": quadruplets_of([(0, 1, 3, 6), (4, 3, 0, 7), (6, 7, 1, 5), (2, 0, 7, 4)]),
}
NONE = {
    "labels": torch.arange(8),
    "clusters": torch.zeros(8, dtype=torch.int64),
    "scores": torch.full((8, 2), torch.nan),
    "positives": pairs_of([]),
    "negatives": pairs_of([]),
    "triplets": triplets_of([]),
    "quadruplets": quadruplets_of([]),
}
SETTINGS = {
    "center": {"classes": 8, "dims": 5},
    "triplet_center": {"classes": 8, "dims": 5},
    "ladder": {"tolerances": [1.0, 0.8], "thresholds": [1.0, 0.5], "margins": [0.5, 0.3]},
    "distance_regression": {"weights": [1.0, 2.0], "units": [1.0, 0.5]},
    "selected_dimensions": {"dimensions": [1, 3], "means": [0.2, -0.1], "spreads": [1.5, 0.7]},
    "opml": {"dims": 5, "size": 3},
    "quadruplet": {"margins": (1.0, 0.5)},
}
EACH = [(name, names) for name, kind in LOSSES.items() for names in kind.takes]
IDS = [f"{name}-{'+'.join(sorted(names))}" for name, names in EACH]


def build(name, **more):
    torch.manual_seed(3)
    return LOSSES[name](**SETTINGS.get(name, {}), **more)


def batch(seed=0, scale=1.0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(8, 5)) * scale).requires_grad_()


@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
@pytest.mark.parametrize(("name", "names"), EACH, ids=IDS)
def test_the_gradient_is_that_of_finite_differences(name, names, scale):
    loss = build(name).eval()  # centers stay where they are
    given = {part: GIVEN[part] for part in names}
    vectors = batch(1, scale)
    assert loss(vectors, **given).shape == ()
    assert torch.autograd.gradcheck(lambda x: loss(x, **given), (vectors,), eps=1e-6, atol=1e-5)


@pytest.mark.parametrize(("name", "names"), EACH, ids=IDS)
def test_single_precision_gives_the_same_in_single_precision(name, names):
    given = {part: GIVEN[part] for part in names}
    exact = build(name).eval()(batch(2), **given)
    found = build(name).eval()(
        batch(2).float(), **{**given, **({"scores": GIVEN["scores"].float()} if "scores" in given else {})}
    )
    assert found.dtype == torch.float32 and exact.dtype == torch.float64
    assert float(found.detach()) == pytest.approx(float(exact.detach()), rel=1e-4)
    assert float(exact.detach()) > 0


@pytest.mark.parametrize(("name", "names"), EACH, ids=IDS)
def test_nothing_to_learn_from_is_a_loss_of_zero_with_a_gradient_of_zeros(name, names):
    if names == {"labels"} and name in ("center", "triplet_center", "contrastive"):
        given = {"labels": torch.full((8,), -1)}  # any known class would be compared with something
    elif name == "magnet":
        given = {
            "labels": torch.zeros(8, dtype=torch.int64),
            **({"clusters": NONE["clusters"]} if len(names) > 1 else {}),
        }
    elif name == "angular_batch":
        given = {"labels": torch.arange(8)}
    else:
        given = {part: NONE[part] for part in names}
    vectors = batch()
    loss = build(name)(vectors, **given)
    loss.backward()
    assert float(loss.detach()) == 0
    assert torch.equal(vectors.grad, torch.zeros_like(vectors))


@pytest.mark.parametrize(("name", "names"), EACH, ids=IDS)
def test_an_empty_batch_is_a_loss_of_zero(name, names):
    given = {part: NONE[part] if isinstance(NONE[part], tuple) else NONE[part][:0] for part in names}
    vectors = torch.zeros(0, 5, dtype=torch.float64, requires_grad=True)
    assert float(build(name)(vectors, **given).detach()) == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("same", ["all", "a class", "zeros"])
@pytest.mark.parametrize(("name", "names"), EACH, ids=IDS)
def test_embeddings_that_coincide_leave_the_gradient_finite(name, names, same, dtype):
    vectors = batch().detach()
    if same == "all":
        vectors[:] = vectors[0].clone()
    elif same == "a class":
        vectors[:3], vectors[3] = vectors[0].clone(), vectors[0].clone()
    else:
        vectors[:] = 0
    vectors = vectors.to(dtype).requires_grad_()
    loss = build(name)(vectors, **{part: GIVEN[part] for part in names})
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(vectors.grad).all()


@pytest.mark.parametrize("name", [name for name, kind in LOSSES.items() if frozenset({"labels"}) in kind.takes])
def test_rows_of_unknown_class_take_part_in_nothing(name):
    labels, vectors = GIVEN["labels"].clone(), batch()
    labels[[2, 6]] = -1
    loss = build(name).eval()
    known = labels >= 0
    whole = loss(vectors, labels=labels)
    whole.backward()
    assert float(whole.detach()) == pytest.approx(float(loss(vectors[known], labels=labels[known]).detach()), rel=1e-12)
    assert torch.equal(vectors.grad[~known], torch.zeros(2, 5, dtype=torch.float64))
    assert float(whole.detach()) != pytest.approx(float(loss(vectors, labels=GIVEN["labels"]).detach()), rel=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_what_a_loss_does_not_take_is_refused_by_name(name):
    loss = build(name)
    with pytest.raises(ValueError, match=f"{type(loss).__name__} takes .* beside the embeddings; it was given nothing"):
        loss(batch())
    with pytest.raises(ValueError, match="it was given labels and triplets"):
        loss(batch(), labels=GIVEN["labels"], triplets=GIVEN["triplets"])


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        (
            "contrastive",
            {"labels": torch.zeros(7, dtype=torch.int64)},
            r"labels must be integers \(8,\), not int64 \(7,\)",
        ),
        ("contrastive", {"labels": torch.zeros(8)}, r"labels must be integers \(8,\), not float32 \(8,\)"),
        (
            "triplet",
            {"triplets": Triplets(*torch.tensor([[0, -1], [1, 1], [2, 2]]))},
            r"triplets must name rows 0\.\.7, not -1\.\.0",
        ),
        ("triplet", {"triplets": Triplets(*torch.tensor([[0, 8], [1, 1], [2, 2]]))}, r"rows 0\.\.7, not 0\.\.8"),
        (
            "triplet",
            {"triplets": Triplets(*torch.zeros(3, 2))},
            r"triplets must be int64 \(2,\) each, not float32 \(2,\)",
        ),
        (
            "triplet",
            {"triplets": Triplets(torch.tensor([0]), torch.tensor([1, 1]), torch.tensor([2]))},
            r"int64 \(1,\) each, not int64 \(2,\)",
        ),
        ("ladder", {"scores": torch.zeros(8)}, r"scores must be floating \(8, labels\), not float32 \(8,\)"),
        ("ladder", {"scores": torch.zeros(8, 3)}, "2"),
        ("selected_dimensions", {"scores": torch.zeros(8, 3)}, "2 dimensions and 3 scores"),
        ("distance_regression", {"labels": GIVEN["labels"], "scores": torch.zeros(8, 3)}, "2 weights and 3 scores"),
        ("center", {"labels": GIVEN["labels"] + 6}, r"labels must be in 0\.\.7, not 6\.\.8"),
        ("triplet_center", {"labels": GIVEN["labels"] + 6}, r"labels must be in 0\.\.7, not 6\.\.8"),
    ],
)
def test_shapes_and_rows_that_do_not_fit_are_told(name, given, told):
    with pytest.raises(ValueError, match=told):
        build(name)(batch(), **given)


@pytest.mark.parametrize("vectors", [torch.zeros(8, 5, dtype=torch.int64), torch.zeros(8)], ids=["int", "1-d"])
def test_embeddings_must_be_floating_rows(vectors):
    with pytest.raises(ValueError, match=r"embeddings must be floating \(n, m\)"):
        build("contrastive")(vectors, labels=GIVEN["labels"])


@pytest.mark.parametrize("name", ["center", "triplet_center", "opml"])
def test_a_loss_made_for_other_dimensions_says_so(name):
    part = "triplets" if name == "opml" else "labels"
    with pytest.raises(ValueError, match="embeddings must have 5 dimensions, not 4"):
        build(name)(torch.zeros(8, 4), **{part: GIVEN[part]})


@pytest.mark.parametrize(
    ("name", "settings", "told"),
    [
        (
            "triplet",
            {"reduction": "median"},
            "reduction of TripletLoss must be one of mean, nonzero, sum, not 'median'",
        ),
        ("angular", {"alpha": 90}, "alpha must be between 0 and 90 degrees, not 90"),
        ("angular_batch", {"alpha": 0}, "alpha must be between 0 and 90 degrees, not 0"),
        ("opml", {"dims": 4, "size": 2, "alpha": 95}, "alpha must be between"),
        ("opml", {"dims": 4, "size": 5}, "from 1 to 4 orthonormal columns"),
        (
            "opml",
            {"dims": 4, "size": 2, "reduction": "nonzero"},
            "reduction of OpmlLoss must be one of mean, sum, not 'nonzero'",
        ),
        ("opml", {"dims": 4, "size": 2, "weighting": "all"}, "weighting must be one of free, fixed, none, not 'all'"),
        ("n_pair", {"regularisation": -1.0}, "regularisation must be at least 0"),
        ("histogram", {"bins": 1}, "at least 2 bins"),
        ("quadruplet", {"margins": (0.5, 0.5)}, "second of margins must be smaller"),
        ("quadruplet", {"weights": (0.5, 1.0)}, "second of weights must be smaller"),
        ("center", {"classes": 2, "dims": 2, "rate": 0.0}, "rate must be above 0"),
        ("triplet_center", {"classes": 1, "dims": 2}, "at least 2 classes"),
        ("ladder", {"tolerances": [1.0], "thresholds": [], "margins": []}, "at least one threshold"),
        ("ladder", {"tolerances": [1.0], "thresholds": [0.5, 0.5], "margins": [1, 1]}, "thresholds must fall"),
        ("distance_regression", {"weights": [1.0], "units": [0.0]}, "as many units as weights, all above 0"),
        ("selected_dimensions", {"dimensions": [0], "means": [0.0, 1.0], "spreads": [1.0]}, "as many means"),
        ("selected_dimensions", {"dimensions": [0], "means": [0.0], "spreads": [0.0]}, "spreads must be above 0"),
        ("selected_dimensions", {"dimensions": [1, 1], "means": [0, 0], "spreads": [1, 1]}, "must be different ones"),
    ],
)
def test_settings_that_make_no_sense_are_refused(name, settings, told):
    with pytest.raises(ValueError, match=told):
        LOSSES[name](**settings)


def test_reductions_are_mean_mean_above_zero_and_sum():
    class Given(Loss):
        takes = (frozenset({"labels"}),)

        def terms(self, embeddings, given):
            return embeddings[:, 0], embeddings[:1, 1]

    vectors = torch.tensor([[3.0, 5.0], [0.0, 1.0], [1.0, 1.0]])
    found = {name: float(Given(reduction=name)(vectors, labels=torch.arange(3))) for name in ("mean", "nonzero", "sum")}
    assert found == pytest.approx({"mean": 4 / 3 + 5, "nonzero": 2 + 5, "sum": 4 + 5})

"""The training path in small. Needs torch, which the lock leaves out: skipped loudly without it."""

from pathlib import Path

import numpy as np
import pytest

from models import interval
from models.drawn.pool import Pool

pytestmark = pytest.mark.optional
torch = pytest.importorskip("torch", reason="the training path needs torch, which is not in the lock")

POOL = Pool()


def test_the_net_sees_no_difference_between_a_face_and_itself_moved_by_one_cell() -> None:
    from models.training.net import outside  # noqa: PLC0415 - torch is optional

    features = torch.rand(1, 4, 24, 24)
    moved = torch.roll(features, 1, 3)
    with torch.no_grad():
        assert float(outside(features, moved)[..., 1:-1].max()) == 0.0
        assert float(outside(features, features + 2).min()) > 0.0


def test_training_and_inference_measure_the_same_interval_distance() -> None:
    from models.training.net import outside  # noqa: PLC0415

    a, b = torch.rand(2, 3, 20, 14), torch.rand(2, 3, 20, 14)
    trained = outside(a, b)
    with torch.no_grad():
        assert torch.equal(trained, outside(a, b))


def test_the_product_measures_the_interval_distance_that_training_does() -> None:
    from models.training.net import between  # noqa: PLC0415

    rng = np.random.default_rng(4)
    mine, other = (rng.integers(0, 256, (9, 7, 5)).astype(np.uint8) for _ in range(2))
    with torch.no_grad():
        sides = (torch.from_numpy(side.transpose(2, 0, 1)[None].astype(np.float32)) for side in (mine, other))
        trained = between(*sides)[0].numpy().transpose(1, 2, 0)
    assert np.array_equal(trained, interval.between(mine, other))


def test_a_net_whose_features_fill_the_range_answers_the_same() -> None:
    from models.training.export import HEADROOM, ranged  # noqa: PLC0415
    from models.training.net import DifferenceNet  # noqa: PLC0415

    torch.manual_seed(2)
    net = DifferenceNet().eval()
    pair = tuple(np.random.default_rng(1).random((2, 1, 3, 64, 48), dtype=np.float32))
    other = ranged(net, [pair])
    faces, captures = (torch.from_numpy(side) for side in pair)
    with torch.no_grad():
        assert torch.allclose(net(faces, captures), other(faces, captures), atol=1e-4)
        most = max(float(one.max()) for side in (faces, captures) for one in other.encode(side))
    assert most == pytest.approx(1 / HEADROOM, rel=1e-4)


def test_the_steepest_term_of_a_window_is_an_edited_one_below_a_genuine_one() -> None:
    from models.training.windows import window_loss  # noqa: PLC0415

    targets = torch.zeros(2, 5, 16, 16)
    targets[1, 0, 4:9, 4:9] = 1  # the second window is edited in structure
    told, missed = torch.full((2, 4, 16, 16), -4.0), torch.full((2, 4, 16, 16), -4.0)
    told[1, 0, 4:9, 4:9] = 5
    missed[0, 0, 4:9, 4:9] = 5
    good, values, genuine = window_loss(told, targets)
    bad, _, _ = window_loss(missed, targets)
    assert genuine.tolist() == [True, False]
    assert values[0] == pytest.approx(-4)
    assert float(values[1]) > 3
    assert float(good) < 0.3
    assert float(bad) > 10


def test_windows_are_genuine_and_edited_in_turn_and_captures_that_alarm_come_oftener(tmp_path: Path) -> None:
    from models.training.windows import Windows  # noqa: PLC0415

    rng = np.random.default_rng(3)
    for name in ("00000_00", "00000_01"):
        face = rng.integers(0, 255, (192, 128, 3)).astype(np.uint8)
        blank = np.zeros((48, 32, 5), np.uint8)
        np.savez(tmp_path / f"{name}.npz", face=face, capture=face, targets=blank, kinds=np.array([]))
    windows = Windows(tmp_path, POOL)
    faces, captures, targets = windows.batch(rng, 4, side=160)
    assert faces.shape == captures.shape == (4, 3, 160, 160)
    assert targets.shape == (4, 5, 40, 40)
    assert [bool((one[:3] > 0.5).any()) for one in targets] == [False, True, False, True]
    assert float(targets[:, 4].max()) == 1.0  # what a narrow face leaves of a window is ignored
    alarming = windows.genuine[1]
    windows.drawn = [alarming]
    windows.learn(torch.tensor([8.0]), torch.tensor([True]))
    drawn = [windows.batch(rng, 1, side=64) and windows.drawn[0] for _ in range(60)]
    assert drawn.count(alarming) > 38
    faces, captures, targets = windows.reduced(rng, 12, 48)
    assert faces.shape == captures.shape == (12, 3, 48, 48)
    assert targets.shape == (12, 5, 12, 12)
    assert 0 < sum(bool((one[:2] > 0.5).any()) for one in targets) < 12
    assert not (targets[:, 4] > 0).any()  # no window is wider than the face
    with pytest.raises(ValueError, match=r"^Training on windows needs drawn genuine faces, got none among 0 files\.$"):
        Windows(tmp_path / "none", POOL)


def test_the_net_stays_below_three_giga_macs_for_a_face_pair() -> None:
    from models.training.net import macs  # noqa: PLC0415

    assert macs() < 3e9


def test_a_drawn_pair_is_repeatable_and_its_maps_are_at_a_quarter() -> None:
    from models.training.pairs import CHANNELS, draw_pair  # noqa: PLC0415

    first, second = (draw_pair(np.random.default_rng(3), POOL) for _ in range(2))
    assert np.array_equal(first.capture, second.capture)
    assert first.face.shape == first.capture.shape
    height, width = first.face.shape[:2]
    assert first.targets.shape == (height // 4, width // 4, len(CHANNELS))


def test_every_edit_changes_the_picture_inside_its_mask_only() -> None:
    from models.drawn.artwork import draw_artwork  # noqa: PLC0415
    from models.training.edits import EDITS  # noqa: PLC0415

    picture = draw_artwork(np.random.default_rng(1), POOL, 480).picture()
    for make in EDITS:
        if make.__name__ in {"moved", "scaled", "missing"}:
            continue  # these also paint over the place that they leave: a few pixels around the mask
        edit = make(np.random.default_rng(5), picture, 1.0, POOL)
        apart = np.abs(edit.picture.astype(int) - picture).max(axis=2)
        assert apart.max() > 7, make.__name__
        assert (apart[edit.mask == 0] > 30).mean() < 0.01, make.__name__


def test_a_sprite_is_never_thinner_than_a_pixel() -> None:
    from models.training.edits import resized  # noqa: PLC0415

    assert resized(np.zeros((9, 600, 4), np.uint8), 0.05).shape == (1, 30, 4)


@pytest.mark.filterwarnings("ignore")  # torch's exporter and onnxruntime's quantizer warn about themselves
def test_a_companion_adds_by_a_share_what_it_sees_at_a_third(tmp_path: Path) -> None:
    from models.selftest import pair  # noqa: PLC0415
    from models.training.__main__ import WEIGHTS, networks  # noqa: PLC0415
    from models.training.export import OUTPUTS, Networks  # noqa: PLC0415
    from models.training.joined import ABOVE, SHARE, joined  # noqa: PLC0415
    from models.training.net import DifferenceNet  # noqa: PLC0415

    net = DifferenceNet()
    net.load_state_dict(torch.load(WEIGHTS, weights_only=True))
    networks(net, tmp_path / "whole", POOL, pairs=2)
    joined(tmp_path / "whole", tmp_path / "whole", tmp_path / "both")
    alone, both = Networks(tmp_path / "whole"), Networks(tmp_path / "both")
    assert (alone.multiple_px, both.multiple_px) == (8, 24)
    face, capture = (side[:768, :528] for side in pair())
    before, after = (run.answer((run.tensor(face), run.tensor(capture))) for run in (alone, both))
    small = alone.answer(tuple(alone.tensor(_third(side)) for side in (face, capture)))[OUTPUTS.index("structure")]
    added = after - before
    structure = OUTPUTS.index("structure")
    assert np.array_equal(np.delete(after, structure, 0), np.delete(before, structure, 0))
    assert added[structure].min() >= -1e-5
    assert 0 < added[structure].max() <= SHARE * max(0.0, float(small.max()) - ABOVE) + 0.2


def _third(side: np.ndarray) -> np.ndarray:
    rows, columns = (length // 3 for length in side.shape[:2])
    mean = side[: 3 * rows, : 3 * columns].reshape(rows, 3, columns, 3, 3).mean((1, 3))
    return np.asarray(np.round(mean), np.uint8)


def test_a_sham_edit_changes_hardly_anything() -> None:
    from models.drawn.artwork import draw_artwork  # noqa: PLC0415
    from models.training.edits import sham  # noqa: PLC0415

    picture = draw_artwork(np.random.default_rng(1), POOL, 480).picture()
    apart = np.abs(sham(np.random.default_rng(2), picture, POOL).astype(int) - picture)
    assert apart.mean() < 3


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.filterwarnings("ignore")  # likewise
def test_the_whole_training_path_runs_in_small(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from models.training.__main__ import smoke  # noqa: PLC0415

    smoke(tmp_path)
    assert capsys.readouterr().out.rstrip().endswith("smoke: the training path runs, and made smoke-1")
    assert sum((tmp_path / "smoke-1" / f"{part}.onnx").stat().st_size for part in ("encoder", "comparer")) < 4 * 1024**2


def test_evidence_is_the_logarithm_of_the_likelihood_ratio_of_two_bells() -> None:
    from models.training.calibrate import evidence_of  # noqa: PLC0415

    rng = np.random.default_rng(2)
    slope, offset = evidence_of(rng.normal(0, 1, 4000), rng.normal(2, 1, 4000))
    assert slope == pytest.approx(2.0, abs=0.15)  # two bells of spread 1 at 0 and 2: log ratio is 2 x - 2
    assert offset == pytest.approx(-2.0, abs=0.15)


def test_a_kind_in_which_edited_faces_measure_lower_is_refused() -> None:
    from models.training.calibrate import evidence_of  # noqa: PLC0415

    values = np.linspace(0, 1, 30)
    with pytest.raises(ValueError, match=r"^Edited faces must measure higher than genuine ones, got a slope of -"):
        evidence_of(values + 1, values)
    with pytest.raises(ValueError, match=r"^Evidence needs 20 values a side, got 30 and 3\.$"):
        evidence_of(values, values[:3])


def test_a_face_whose_inks_were_drawn_apart_teaches_nothing_but_that() -> None:
    from models.training.calibrate import KINDS, told_by  # noqa: PLC0415

    made = {name: {"kinds": [name]} for name in ("inks", "misregistered", "halftone", "colour", "logo_moved")}
    told = {name: [kind for kind in KINDS if told_by(row, kind)] for name, row in made.items()}
    assert told == {
        "inks": ["inks"],
        "misregistered": ["print", "inks"],
        "halftone": ["print"],
        "colour": ["colour"],
        "logo_moved": ["structure"],
    }


def test_one_genuine_capture_in_a_hundred_and_twenty_reaches_check() -> None:
    from models.training.calibrate import ladder_of  # noqa: PLC0415

    genuine = np.random.default_rng(1).exponential(1.0, 20_000)
    ladder = ladder_of(genuine)
    check = next(value for value, score in ladder if score == 0.5)
    assert (genuine >= check).mean() == pytest.approx(1 / 120, rel=0.25)
    assert [value for value, _ in ladder] == sorted(value for value, _ in ladder)
    with pytest.raises(ValueError, match=r"^Calibration needs at least 40 genuine pairs, got 3\.$"):
        ladder_of(genuine[:3])


def test_two_and_three_genuine_captures_together_reach_check_as_rarely_as_one() -> None:
    from models.training.together import rare_value, surer_of, values_of  # noqa: PLC0415

    rng = np.random.default_rng(8)
    groups = [rng.normal(0, 1, (3, 12, 10)) for _ in range(130)]
    check = rare_value(values_of(groups, 1, ()))
    two, three = surer_of(groups, check)
    assert 0.3 < two < three
    for count in (2, 3):
        values = values_of(groups, count, (two, three))
        assert (values >= check).sum() <= len(values) // 120
        assert rare_value(values) == pytest.approx(check, abs=0.1)
    with pytest.raises(
        ValueError, match=r"^How much surer captures are together is fitted on groups of three, got none\.$"
    ):
        surer_of([], check)


def test_a_capture_is_told_by_thresholds_that_were_fitted_on_other_artworks() -> None:
    from models.training.calibrate import KINDS, Scale, genuine_of, left_out, told  # noqa: PLC0415

    rng = np.random.default_rng(5)

    def row(artwork: int, kinds: list[str], higher: float) -> dict[str, object]:
        return {
            "artwork": f"{artwork}",
            "kinds": kinds,
            "values": {kind: float(rng.normal(higher, 1)) for kind in KINDS},
        }

    odd = 7  # an artwork on which genuine captures measure as edited ones do
    rows = [row(artwork, [], 4.0 if artwork == odd else 0.0) for artwork in range(60) for _ in range(8)]
    for kind in ("moved", "colour", "blur", "inks"):
        rows += [row(artwork, ["reprint_blur" if kind == "blur" else kind], 5.0) for artwork in range(60)]
    knots = Scale.fitted(rows).knots()
    known = sum(told(one, knots) for one in genuine_of(rows))
    answers = left_out(rows)
    assert len(answers) == 480
    assert known < sum(answers)


def test_a_kind_that_is_kept_keeps_its_knots_below_check_and_is_never_told_earlier() -> None:
    from models import pack  # noqa: PLC0415
    from models.training.calibrate import CHECK, KINDS, Scale, at_check  # noqa: PLC0415

    rng, kept = np.random.default_rng(6), pack.builtin()
    measured = [
        (artwork, kind) for artwork in range(60) for kind in ("", "", "moved", "colour", "reprint_blur", "inks")
    ]
    rows = [
        {
            "artwork": f"{artwork}",
            "kinds": [kind] if kind else [],
            "values": {one: float(rng.normal(60.0 if kind else 40.0, 5)) for one in KINDS},
        }
        for artwork, kind in measured
    ]
    fitted, both = Scale.fitted(rows).knots(), Scale.fitted(rows).knots(kept)
    assert both["structure"] == fitted["structure"]
    for kind in ("colour", "print", "inks"):
        before = kept.judgements[kind].knots
        assert [tuple(knot) for knot in both[kind] if knot[1] < CHECK] == [knot for knot in before if knot[1] < CHECK]
        assert at_check(both[kind]) == max(at_check(fitted[kind]), at_check(before))


def test_the_second_look_weighs_what_tells_places_on_edits_from_others() -> None:
    from models.training.look import fitted  # noqa: PLC0415

    rng = np.random.default_rng(6)
    edited = np.arange(400) % 2 == 0
    values, facts = rng.normal(0, 1, 400) + edited, rng.normal(0, 1, (400, 4))
    facts[:, 1] += 2 * edited
    look = fitted(values, facts, edited)
    assert look.weights[1] == pytest.approx(2.0, abs=0.7)
    assert max(abs(look.weights[other]) for other in (0, 2, 3)) < 0.7
    assert look.usual == pytest.approx(float((facts @ np.array(look.weights)).mean()))
    with pytest.raises(
        ValueError, match=r"^Places on edits must measure higher than others, got a slope of -\d\.\d+\.$"
    ):
        fitted(-values, facts, edited)


def test_weights_are_averaged_number_by_number(tmp_path: Path) -> None:
    from models.training.train import averaged  # noqa: PLC0415

    for name, value in (("first", 1.0), ("second", 4.0)):
        torch.save(
            {"a": torch.full((2,), value, dtype=torch.float16), "seen": torch.tensor(7)}, tmp_path / f"{name}.pt"
        )
    averaged([tmp_path / "first.pt", tmp_path / "second.pt"], tmp_path / "mean.pt")
    mean = torch.load(tmp_path / "mean.pt", weights_only=True)
    assert mean["a"].tolist() == [2.5, 2.5]
    assert int(mean["seen"]) == 7
    with pytest.raises(ValueError, match=r"^Weights to average must be at least one file, got none\.$"):
        averaged([], tmp_path / "none.pt")


def test_half_the_size_is_told_beside_the_whole(tmp_path: Path) -> None:
    from models import pack  # noqa: PLC0415
    from models.training.export import Networks  # noqa: PLC0415
    from models.training.sizes import JOINED, sizes  # noqa: PLC0415

    rng = np.random.default_rng(5)
    for index in range(2):
        face = np.kron(rng.integers(40, 200, (24, 18, 3)), np.ones((32, 32, 1))).astype(np.uint8)
        blank = np.zeros((192, 144, 5), np.uint8)
        np.savez(tmp_path / f"00000_0{index}.npz", face=face, capture=face, targets=blank, kinds=np.array([]))
    lines = list(sizes(Networks(pack.packs_dir() / pack.BUILTIN), None, [tmp_path], POOL))
    assert [line.split(" (2 genuine): ")[0] for line in lines] == list(JOINED)
    assert "any (1) 1.000 1.00/1.00; large (1) 1.000 1.00/1.00; large, " in lines[0]

import torch

from explorer.learning.augmentation import Augmentation

NONE = Augmentation(degrees=0, shift=0, scale=0, brightness=0, contrast=0, colour=0, noise=0)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_pictures_stay_pictures_and_the_seed_decides():
    batch = torch.rand(6, 3, 16, 16, generator=seeded())
    before = batch.clone()
    changed = Augmentation().pictures(batch, seeded(1))
    assert changed.shape == batch.shape and changed.min() >= 0 and changed.max() <= 1
    assert torch.equal(batch, before), "the given batch is left alone"
    assert torch.equal(changed, Augmentation().pictures(batch, seeded(1)))
    assert not torch.equal(changed, Augmentation().pictures(batch, seeded(2)))


def test_without_any_strength_only_the_blur_is_left():
    flat = torch.full((2, 3, 8, 8), 0.3)
    torch.testing.assert_close(NONE.pictures(flat, seeded()), flat)


def test_pictures_of_a_batch_are_changed_apart_and_never_mirrored():
    batch = torch.zeros(64, 3, 32, 32)
    batch[:, :, :, :16] = 1.0
    changed = Augmentation().pictures(batch, seeded())
    left, right = changed[..., :8].mean(dim=(1, 2, 3)), changed[..., -8:].mean(dim=(1, 2, 3))
    assert (left > right).all()
    assert left.std() > 0.01


def test_features_get_noise_in_their_own_units_and_gaps():
    batch = torch.zeros(4000, 2)
    changed = Augmentation().features(batch, torch.tensor([1.0, 50.0]), seeded())
    lost = changed.isnan()
    assert 0.03 < lost.float().mean() < 0.07
    spread = torch.stack([changed[~lost[:, column], column].std() for column in (0, 1)])
    torch.testing.assert_close(spread, torch.tensor([0.1, 5.0]), rtol=0.1, atol=0)

"""What is in picture files: sizes, channels, and what is broken."""

import numpy as np
import pytest
from PIL import Image

import advkeras as ak
from tests.datasets.pictures import cut
from tests.datasets.pictures import greys
from tests.datasets.pictures import noise
from tests.datasets.pictures import write


@pytest.mark.parametrize(
    ("modes", "channels"),
    [(["L", "1"], 1), (["L", "RGB"], 3), (["RGBA"], 3), (["P"], 3)],
)
def test_grey_pictures_have_one_channel(tmp_path, modes, channels):
    for mode in modes:
        write(tmp_path / "a" / f"{mode}.png", 255, mode=mode)
    data = ak.datasets.from_directory(tmp_path)
    assert data.image_shape == (6, 8, channels)
    assert (data.images == 1).all()


def test_a_jpeg_of_a_printer_and_one_of_a_name_that_is_wrong(tmp_path):
    write(tmp_path / "a" / "cmyk.jpg", 255, mode="CMYK")
    write(tmp_path / "a" / "x.png", 255).rename(tmp_path / "a" / "x.jpeg")
    data = ak.datasets.from_directory(tmp_path)
    assert greys(data) == [255, 255]


def test_pictures_are_what_pillow_sees(tmp_path):
    png = noise(tmp_path / "a" / "x.png")
    expected = np.asarray(Image.open(png))
    data = ak.datasets.from_directory(tmp_path, bounds=(0, 255))
    np.testing.assert_array_equal(data.images[0], expected)


def test_pictures_of_many_sizes_need_one(tmp_path):
    write(tmp_path / "a" / "x.png", 40, size=(4, 4))
    write(tmp_path / "a" / "y.png", 80, size=(9, 5))
    with pytest.raises(ValueError, match="`image_size` must be given") as e:
        ak.datasets.load(str(tmp_path), "all")
    assert "--resize=HEIGHT,WIDTH" in str(e.value)
    assert str(e.value).endswith("Received: image_size=None")
    data = ak.datasets.load(str(tmp_path), "all", image_size=(3, 2))
    assert data.images.shape == (2, 3, 2, 3)
    assert sorted(greys(data)) == [40, 80]


def broken(folder):
    """Writes files that are no whole picture, and returns them sorted."""
    (folder / "text.png").write_text("not a picture")
    (folder / "none.jpg").write_bytes(b"")
    Image.new("RGB", (9, 9)).save(folder / "x.gif")
    return sorted(
        [
            cut(noise(folder / "half.png")),
            cut(noise(folder / "nearly.png"), 0.98),
            cut(noise(folder / "half.jpg")),
            cut(noise(folder / "nearly.jpg"), 0.98),
            folder / "text.png",
            folder / "none.jpg",
            folder / "x.gif",
        ]
    )


def test_broken_files_are_listed_and_left_out(tmp_path):
    for i in range(4):
        noise(tmp_path / "a" / f"{i}.{'jpg' if i % 2 else 'png'}", seed=i)
    files = broken(tmp_path / "a")
    with pytest.warns(UserWarning) as caught:
        data = ak.datasets.load(str(tmp_path), "all")
    [warning] = caught
    assert str(warning.message) == (
        f"7 of 11 files of {tmp_path} cannot be read as PNG or JPEG, and are "
        f"left out: {files[0]}, ..."
    )
    assert warning.filename == __file__
    assert data.unreadable == tuple(map(str, files))
    # TensorFlow decodes all that are left.
    assert len(data) == len(data.images) == 4


def test_a_jpeg_with_more_behind_it(tmp_path):
    file = noise(tmp_path / "a" / "x.jpg")
    file.write_bytes(file.read_bytes() + bytes(100_000))
    data = ak.datasets.from_directory(tmp_path)
    assert (data.unreadable, data.images.shape) == ((), (1, 32, 32, 3))


def test_a_cut_jpeg_with_a_whole_thumbnail(tmp_path):
    """The thumbnail, in the header, has an end; the picture has none."""
    thumbnail = noise(tmp_path / "thumbnail.jpg", (8, 8)).read_bytes()
    file = noise(tmp_path / "a" / "x.jpg")
    size = (len(thumbnail) + 2).to_bytes(2, "big")
    content = file.read_bytes()
    file.write_bytes(content[:2] + b"\xff\xe1" + size + thumbnail + content[2:])
    assert ak.datasets.from_directory(tmp_path).images.shape[0] == 1
    cut(file, 0.95)
    with pytest.raises(ValueError, match="of 1 files none can"):
        ak.datasets.from_directory(tmp_path)


def test_no_file_that_can_be_read(tmp_path):
    file = cut(noise(tmp_path / "a" / "x.png"))
    with pytest.raises(ValueError, match="must have a PNG or JPEG") as caught:
        ak.datasets.load(str(tmp_path), "all")
    assert str(file) in str(caught.value)
    assert str(caught.value).endswith(f"Received: dataset={str(tmp_path)!r}")


def test_a_sample_opens_only_its_own_files(tmp_path):
    for i in range(10):
        write(tmp_path / "a" / f"{i}.png", i)
    data = ak.datasets.from_directory(tmp_path)
    order = greys(data)
    images, _ = data.sample(3, seed=1)
    chosen = (images[:, 0, 0, 0] * 255).round().astype(int).tolist()
    assert chosen == [grey for grey in order if grey in chosen]
    for i in {*range(10)} - {*chosen}:
        (tmp_path / "a" / f"{i}.png").unlink()
    again, _ = data.sample(3, seed=1)
    np.testing.assert_array_equal(again, images)

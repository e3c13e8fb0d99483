"""A folder with a CSV of file and label."""

import pytest

import advkeras as ak
from tests.datasets.pictures import greys
from tests.datasets.pictures import write


@pytest.fixture
def folder(tmp_path):
    """Five pictures of grey 0 .. 4; two lie deeper."""
    for i in range(5):
        write(tmp_path / ("deep" if i > 2 else ".") / f"{i}.png", i)
    return tmp_path


def labels(folder, text, name="labels.csv", **options):
    """Returns grey -> class of a table."""
    (folder / name).write_text(text, **options)
    data = ak.datasets.load(str(folder), "all")
    names = [data.class_names[label] for label in data.labels]
    return dict(zip(greys(data), names, strict=True))


def test_names_are_sorted_classes(folder):
    found = labels(folder, "file,label\n0.png,dog\n1.png,cat\ndeep/3.png,dog\n")
    assert found == {0: "dog", 1: "cat", 3: "dog"}
    data = ak.datasets.from_directory(folder)
    assert data.class_names == ("cat", "dog")


def test_whole_numbers_are_the_labels_of_the_model(folder):
    found = labels(folder, "file,label\n0.png,10\n1.png,2\n")
    assert found == {0: "10", 1: "2"}
    data = ak.datasets.from_directory(folder)
    assert data.class_names == tuple(map(str, range(11)))
    assert sorted(data.labels) == [2, 10]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_other_columns_other_names_and_spreadsheets(folder, encoding):
    text = 'id,label,file\n7,"a, é",1.png\n8,b,0.png\n'
    found = labels(folder, text, "Mine.CSV", encoding=encoding)
    assert found == {1: "a, é", 0: "b"}


def test_labels_csv_is_the_one_of_several(folder):
    (folder / "other.csv").write_text("a,b\n")
    (folder / "._labels.csv").write_text("of a Mac")
    assert labels(folder, "file,label\n0.png,x\n") == {0: "x"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "header='' "),
        ("0.png,dog\n", "header='0.png,dog' "),
        ("file,class\n0.png,dog\n", "header='file,class' "),
        ("file,label\n", "a header "),
        ("file,label\n0.png,a\nno.png,b\n", "file='no.png' in line 3 "),
        ("file,label\n0.png\n", "file='0.png', label=None in line 2 "),
        ("file,label\n0.png,\n", "file='0.png', label='' in line 2 "),
        ("file,label\n0.png,-1\n", "label=-1 of '0.png' in line 2 "),
    ],
)
def test_what_is_wrong_is_named(folder, text, said):
    with pytest.raises(ValueError) as caught:
        labels(folder, text)
    message = str(caught.value)
    assert message.startswith(f"{folder / 'labels.csv'} must ")
    assert message.endswith(f"Received: {said.strip()}")


def test_another_encoding(folder):
    with pytest.raises(ValueError, match=r"must be a CSV in UTF-8. Received"):
        labels(folder, "file,label\n0.png,é\n", encoding="latin-1")

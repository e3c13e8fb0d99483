"""Studies by name, and the context that they are given."""

import pytest

import advkeras as ak


def test_a_paper_stands_for_its_studies_and_each_comes_once():
    every = ak.studies.find(["szegedy", "goodfellow"])
    assert [study.name for study in every] == list(ak.studies.names())
    assert len(ak.studies.find(["goodfellow"])) == 11
    twice = ak.studies.find(["szegedy.table4", "szegedy.table4"])
    assert [study.name for study in twice] == ["szegedy.table4"]
    assert all(study.shows for study in every)


@pytest.mark.parametrize("wanted", [["szegedy.table9"], ["table4"], [""], []])
def test_what_is_no_study_is_an_error_that_lists_them(wanted):
    with pytest.raises(ValueError, match="`study` must name"):
        ak.studies.find(wanted)


def test_a_scale_that_is_none(tmp_path):
    run = ak.report.Run(tmp_path / "run", {})
    with pytest.raises(
        ValueError, match="`scale` must be one of: paper, small"
    ):
        ak.studies.Context(run, scale="large")


def test_a_small_net_is_trained_once_and_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(ak.studies.context, "_SMALL_EPOCHS", {"lbfgs": 2})
    context = ak.studies.Context(ak.report.Run(tmp_path, {}), "small")
    net = context.digit_net("fc10-1e-4")
    written = (tmp_path / "models" / "fc10-1e-4.keras").stat().st_mtime_ns
    card = context.card("fc10-1e-4")
    assert (card["network"], card["dataset"]) == ("fc10", "mnist5k")
    assert card["recipe"]["epochs"] == 2
    images = context.digits("test").sample(5)[0]
    again = context.digit_net("fc10-1e-4")
    assert (net.predict(images) == again.predict(images)).all()
    now = (tmp_path / "models" / "fc10-1e-4.keras").stat().st_mtime_ns
    assert now == written


def test_the_paper_s_nets_are_those_of_saved_models(tmp_path):
    context = ak.studies.Context(ak.report.Run(tmp_path, {}))
    assert context.digit_net("fc10-1e-4").num_classes == 10
    assert context.card("m2")["split"] == "train[30000:]"
    assert context.pick("p", "s") == "p"

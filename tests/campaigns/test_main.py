import json

from tests.campaigns import __main__ as main


def measured(tried, *failures):
    row = {"what": "dice", "tried": tried, "failures": failures, "found": "a"}
    return {"rows": [row, {**row, "what": "coins"}], "minutes": 1.5}


def test_lines_of_other_campaigns_stay(tmp_path, monkeypatch):
    document = tmp_path / "reliability.md"
    document.write_text(f"Before.\n{main.BEGIN}\nold\n{main.END}\nAfter.\n")
    monkeypatch.setattr(main, "DOCUMENT", document)
    monkeypatch.setattr(main, "MEASURED", tmp_path / "measured.json")
    monkeypatch.setattr(main, "CAMPAIGNS", {"one": None, "two": None})
    main.write({"two": measured(7)})
    main.write({"one": measured(1234, "it fell off", "and again")})
    begin, *lines, end = document.read_text().splitlines()
    assert (begin, end) == ("Before.", "After.")
    assert [line for line in lines if "dice" in line or "coins" in line] == [
        "| dice | 1,234 | 2 | a | 1.5 |",
        "| coins | 1,234 | 2 | a |  |",
        "| dice | 7 | 0 | a | 1.5 |",
        "| coins | 7 | 0 | a |  |",
    ]
    assert "old" not in lines
    known = json.loads((tmp_path / "measured.json").read_text())
    assert known["one"]["rows"][0]["failures"] == ["it fell off", "and again"]

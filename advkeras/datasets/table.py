"""A folder with a CSV: which picture is of which class."""

import csv
import re
from pathlib import Path

from advkeras.datasets.pictures import Listing

_NAME = "labels.csv"
_WHOLE = re.compile(r"-?\d+")


def find(folder: Path) -> Path | None:
    """Returns the table of a folder: labels.csv, or its only .csv."""
    tables = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() == ".csv" and not path.name.startswith(".")
    ]
    if folder / _NAME in tables:
        return folder / _NAME
    return tables[0] if len(tables) == 1 else None


def read(table: Path) -> Listing:
    """Returns the files that a table lists.

    Its columns are `file`, which is looked for beside the table, and `label`.
    Labels that are all whole numbers are the model's own, 0 and up. Others
    are names of classes, and are numbered in their sorted order.

    Raises:
        ValueError: A column, a file or a label is missing or wrong.
    """
    # Spreadsheets begin a file with a mark of its encoding.
    with table.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        try:
            header = reader.fieldnames or []
            if not {"file", "label"} <= set(header):
                raise ValueError(
                    f"{table} must have a header with the columns file and "
                    f"label. Received: header={','.join(header)!r}"
                )
            rows = [
                (reader.line_num, row["file"], row["label"]) for row in reader
            ]
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(
                f"{table} must be a CSV in UTF-8. Received: {error}"
            ) from error
    if not rows:
        raise ValueError(f"{table} must list a picture. Received: a header")
    for line, file, label in rows:
        if not file or not label:
            raise ValueError(
                f"{table} must have a file and a label in each line. "
                f"Received: file={file!r}, label={label!r} in line {line}"
            )
        if not (table.parent / file).is_file():
            raise ValueError(
                f"{table} must list files that are there, beside it. "
                f"Received: file={file!r} in line {line}"
            )
    names = {label for _, _, label in rows}
    if all(_WHOLE.fullmatch(name) for name in names):
        for line, file, label in rows:
            if int(label) < 0:
                raise ValueError(
                    f"{table} must have labels of at least 0. "
                    f"Received: label={label} of {file!r} in line {line}"
                )
        classes = tuple(str(i) for i in range(max(map(int, names)) + 1))
        numbers = {name: int(name) for name in names}
    else:
        classes = tuple(sorted(names))
        numbers = {name: i for i, name in enumerate(classes)}
    return Listing(
        classes,
        {None: [(table.parent / f, numbers[label]) for _, f, label in rows]},
    )

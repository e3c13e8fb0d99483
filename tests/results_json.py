"""Whether a results.json is as its schema says."""

import json
from pathlib import Path

import jsonschema

import advkeras as ak


def check(path):
    """Raises jsonschema.ValidationError unless it is."""
    jsonschema.Draft202012Validator(
        ak.report.schema(),
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    ).validate(json.loads(Path(path).read_text("utf-8")))


def check_outputs(arguments):
    """Checks whatever an app wrote that was called with these flags."""
    for argument in map(str, arguments):
        flag, _, folder = argument.partition("=")
        if flag == "--output":
            for place in (Path(folder), Path(f"{folder}.run")):
                for path in place.glob("**/results.json"):
                    check(path)

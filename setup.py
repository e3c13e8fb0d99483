"""Which packages a wheel has; all else is in pyproject.toml.

In the repository apps/ and saved_models/ lie beside advkeras/. Installed, they
lie in it: a name as common as `apps` is left to others.
"""

from setuptools import find_packages
from setuptools import setup

setup(
    packages=[
        *find_packages(include=["advkeras", "advkeras.*"]),
        "advkeras.apps",
        "advkeras.saved_models",
    ],
    package_dir={
        "advkeras.apps": "apps",
        "advkeras.saved_models": "saved_models",
    },
)

"""What peers import that has gone since, or that they could do without."""

import collections
import collections.abc
import contextlib
import importlib
import importlib.util
import sys
import types
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def old_names() -> Iterator[None]:
    """Brings the old names back while a library is imported, not longer.

    Foolbox 2.4 (2019) takes `Iterable` from where Python 3.10 no longer has
    it. AdverTorch 0.2.3 (2020) imports `zero_gradients`, dropped by PyTorch
    1.9, for an attack that is not L-BFGS; and torchvision, which it does not
    declare, for a defence: there a placeholder does.
    """
    # By its name: `torch.autograd.gradcheck` itself is a function.
    gradcheck = importlib.import_module("torch.autograd.gradcheck")
    with contextlib.ExitStack() as stack:
        for owner, name, value in (
            (collections, "Iterable", collections.abc.Iterable),
            (collections, "Mapping", collections.abc.Mapping),
            (gradcheck, "zero_gradients", None),
        ):
            if not hasattr(owner, name):
                setattr(owner, name, value)
                stack.callback(delattr, owner, name)
        if importlib.util.find_spec("torchvision") is None:
            sys.modules["torchvision"] = _torchvision()
            stack.callback(sys.modules.pop, "torchvision")
        yield


@contextlib.contextmanager
def no_torchvision() -> Iterator[None]:
    """Puts a placeholder where a library imports torchvision.

    Adversarial Library wants its nets for one distance that is not used here;
    and the torchvision that pip brings does not load beside a PyTorch that was
    built for CPUs alone.
    """
    if "torchvision" in sys.modules:
        yield
        return
    module: Any = types.ModuleType("torchvision")
    module.models = None
    sys.modules["torchvision"] = module
    try:
        yield
    finally:
        del sys.modules["torchvision"]


def _torchvision() -> Any:
    # AdverTorch makes one of each when it is imported.
    module: Any = types.ModuleType("torchvision")
    module.transforms = types.SimpleNamespace(
        ToPILImage=object, ToTensor=object
    )
    return module

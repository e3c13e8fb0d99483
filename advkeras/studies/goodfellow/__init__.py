"""Goodfellow et al. 2014, "Explaining and harnessing adversarial examples"."""

from advkeras.studies.goodfellow.adversarial import adversarial_training
from advkeras.studies.goodfellow.adversarial import wide_adversarial_training
from advkeras.studies.goodfellow.controls import noise_controls
from advkeras.studies.goodfellow.crowd import agreement
from advkeras.studies.goodfellow.crowd import ensemble
from advkeras.studies.goodfellow.logistic import logistic
from advkeras.studies.goodfellow.radial import rbf
from advkeras.studies.goodfellow.regularisers import regularisers
from advkeras.studies.goodfellow.rubbish import rubbish
from advkeras.studies.goodfellow.sign import fgsm
from advkeras.studies.goodfellow.trace import epsilon_trace
from advkeras.studies.study import Study

# In the order of the paper.
STUDIES = tuple(
    Study(f"goodfellow.{name}", shows, measure)
    for name, shows, measure in (
        (
            "fgsm",
            "section 4: the fast gradient sign method on several nets",
            fgsm,
        ),
        (
            "logistic",
            "section 5: threes and sevens, with the exact adversarial loss",
            logistic,
        ),
        (
            "adversarial_training",
            "section 6: maxout nets trained on adversarial examples",
            adversarial_training,
        ),
        (
            "wide_adversarial_training",
            "section 6: the same with 1600 units a layer, over an hour",
            wide_adversarial_training,
        ),
        (
            "noise_controls",
            "section 6: training on noise of the same size",
            noise_controls,
        ),
        (
            "rbf",
            "section 7: RBF nets are fooled less surely",
            rbf,
        ),
        (
            "agreement",
            "section 8: different nets give the same wrong answers",
            agreement,
        ),
        (
            "epsilon_trace",
            "figure 4: logits along the direction of FGSM",
            epsilon_trace,
        ),
        (
            "ensemble",
            "section 9: twelve nets, attacked whole and through one",
            ensemble,
        ),
        (
            "rubbish",
            "appendix: what nets recognise in Gaussian noise",
            rubbish,
        ),
        (
            "regularisers",
            "dropout, weight decay and pretraining as defences",
            regularisers,
        ),
    )
)

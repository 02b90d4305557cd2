"""The factory `debiaser` with its default config. Light at import."""

from typing import Any

from spacy.language import Language


@Language.factory(
    "debiaser",
    default_config={
        "lists": None,
        "method": "hard",
        "direction": "svd",
        "k": 1,
        "definitional": "list",
        "equalise": True,
        "cases": True,
        "keep_lengths": False,
        "seed": 0,
    },
)
def make_debiaser(
    nlp: Language,
    name: str,
    lists: str | None,
    method: str,
    direction: str,
    k: int,
    definitional: str,
    equalise: bool,
    cases: bool,
    keep_lengths: bool,
    seed: int,
) -> Any:
    """Debias `nlp.vocab.vectors` at initialisation; docs pass through it unchanged. It stands
    after what makes the vectors and before what copies them.

    lists (Optional[str]): A JSON file of word lists, or a folder of debiaswe's, which is read at
        initialisation alone; None for the English ones for gender.
    method (str): "hard" (Bolukbasi et al. 2016) or "double_hard" (Wang et al. 2020).
    direction (str): "svd", "mean" or "difference": how the direction is found from the pairs.
    k (int): Dimensions of the subspace; more than 1 for "svd" alone.
    definitional (str): Which words keep their component: those of the "list", or those that a
        "classifier" finds, which learns from the seed.
    equalise (bool): Sets are equalised.
    cases (bool): What holds for a word holds for it in lower, title and upper case too.
    keep_lengths (bool): Vectors keep their lengths; without it all have length 1, as in the papers.
    seed (int): For the clusters of "double_hard".
    RETURNS (VocabDebiaser): The component.
    """
    from .debiaser import Settings
    from .vocab_debiaser import VocabDebiaser

    settings = Settings(
        method=method,
        direction=direction,
        k=k,
        definitional=definitional,
        equalise=equalise,
        cases=cases,
        keep_lengths=keep_lengths,
        seed=seed,
    )
    return VocabDebiaser(nlp.vocab, name, lists=lists, settings=settings)

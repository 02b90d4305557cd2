"""The factory `embedding_learner` with its default config. Light at import."""

from typing import Any

from spacy.language import Language

DEFAULT_OBJECTIVE = {"@misc": "seqpipe.SkipGram.v1"}


@Language.factory(
    "embedding_learner",
    default_config={
        "objective": DEFAULT_OBJECTIVE,
        "width": 100,
        "epochs": 5,
        "min_count": 5,
        "max_vocabulary": None,
        "lower": False,
        "phrases": None,
        "threads": 1,
        "seed": 0,
        "keep_tables": True,
    },
)
def make_embedding_learner(
    nlp: Language,
    name: str,
    objective: Any,
    width: int,
    epochs: int,
    min_count: int,
    max_vocabulary: int | None,
    lower: bool,
    phrases: Any,
    threads: int,
    seed: int,
    keep_tables: bool,
) -> Any:
    """Learn word vectors at initialisation and leave them in `nlp.vocab.vectors`.

    objective (Objective): What is minimised: `seqpipe.SkipGram.v1`, `seqpipe.CBOW.v1`,
        `seqpipe.GloVe.v1` or `seqpipe.NeuralLM.v1`.
    width (int): Dimension of the vectors.
    epochs (int): How often the text is read.
    min_count (int): A word that stands less often has no vector.
    max_vocabulary (Optional[int]): How many words there are at most, the most frequent ones.
    lower (bool): The text is lower-cased, and tokens are looked up in lower case.
    phrases (Optional[Phrases]): What is joined to one word: `seqpipe.Phrases.v1`.
    threads (int): How many learn side by side. With one the same seed gives the same bytes.
    seed (int): For all that is drawn at random.
    keep_tables (bool): All that was learned is saved with the pipeline, so that text can be added
        to it later; otherwise the vectors alone are.
    RETURNS (EmbeddingLearner): The component.
    """
    from .embedding_learner import EmbeddingLearner
    from .learn import Settings

    return EmbeddingLearner(
        nlp.vocab,
        name,
        objective=objective,
        settings=Settings(width=width, epochs=epochs, threads=threads, seed=seed),
        min_count=min_count,
        max_vocabulary=max_vocabulary,
        lower=lower,
        phrases=phrases,
        keep_tables=keep_tables,
    )

"""The architecture that gives each token a vector from its word, features and characters."""

from collections.abc import Callable
from typing import Any

import numpy
from spacy.ml.staticvectors import StaticVectors
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d, Ragged

from seqpipe.files import InputError
from seqpipe.layers.embed import embedding
from seqpipe.layers.resize import resize

from .features import EncodedTokens, TokenVocabulary
from .pretrained import pretrained
from .vocabulary import Vocabulary

VOCABULARY = "token_vocabulary"
PARTS = "parts"


@registry.architectures("seqpipe.WordFeatures.v1")
def WordFeatures(
    vocabulary: Vocabulary,
    width: int = 100,
    features: list[str] = ["shape", "prefix2", "prefix3", "suffix2", "suffix3"],  # noqa: B006
    feature_width: int = 25,
    characters: Model[Ragged, Floats2d] | None = None,
    static_vectors: int = 0,
    unk_rate: float = 0.5,
    vectors: str = "none",
    vectors_std: float = 0.25,
) -> Model[list[Doc], list[Floats2d]]:
    """Embeddings of the word and of its features, its characters and its vectors, side by side.

    vocabulary (Vocabulary): Settings of the vocabulary, which the component builds and owns.
    width (int): Width of a word's embedding; 0 leaves it out.
    features (List[str]): Features of the text with an embedding each: "shape", and "prefix" or
        "suffix" with a number of letters from 1 to 4.
    feature_width (int): Width of a feature's embedding.
    characters (Model): `seqpipe.CharacterCNN.v1` or `seqpipe.CharacterLSTM.v1`, or null.
    static_vectors (int): Width to which the pipeline's own vectors are projected; 0 leaves them
        out.
    unk_rate (float): Share of the words seen once that are read as <UNK> in training, so that
        <UNK> has an embedding that was learned (Lample et al. 2016, section 4.3).
    vectors (str): "frozen" adds the pipeline's own vectors as they are, "tuned" a copy of them that
        is learned on, row by row, and belongs to the component. A word is looked up as written,
        then lower-cased; those without a vector share one that is learned. "none" adds nothing.
    vectors_std (float): Standard deviation to which these vectors are scaled; 0 leaves them as
        they are.
    RETURNS (Model): From docs to `(tokens, nO)` each.
    RAISES (InputError): Names the setting that is out of range, or says that there is nothing to
        embed.
    """
    if not 0.0 <= unk_rate <= 1.0:
        raise InputError(f"unk_rate = {unk_rate}: expected a share from 0 to 1")
    if feature_width < 1:
        raise InputError(f"feature_width = {feature_width}: expected at least 1")
    if static_vectors < 0:
        raise InputError(f"static_vectors = {static_vectors}: expected a width, or 0 for none")
    if width < 0:
        raise InputError(f"width = {width}: expected a width, or 0 for none")
    parts = {"word": embedding(width)} if width else {}
    parts |= {name: embedding(feature_width) for name in features}
    if characters is not None:
        parts["character"] = characters
    if static_vectors:
        parts["static_vectors"] = StaticVectors(static_vectors)
    if vectors != "none":
        parts["vectors"] = pretrained(vectors, vectors_std)
    if not parts:
        raise InputError("width = 0: expected features, characters or vectors in a word's place")
    # The width of the pipeline's vectors is not known before `initialize`.
    widths = [layer.maybe_get_dim("nO") or 0 for layer in parts.values()]
    model: Model = Model(
        "word_features",
        _forward,
        init=_init,
        layers=list(parts.values()),
        dims={"nO": sum(widths) if all(widths) else None},
        attrs={
            VOCABULARY: TokenVocabulary(vocabulary, features),
            PARTS: list(parts),
            "unk_rate": unk_rate,
        },
    )
    return model


def vocabulary_nodes(model: Model) -> list[Model]:
    """The layers of a model that turn tokens to ids.

    model (Model): All of its layers are looked at.
    """
    return [node for node in model.walk() if VOCABULARY in node.attrs]


def _forward(
    model: Model, docs: list[Doc], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Doc]]]:
    xp, tokens = model.ops.xp, model.attrs[VOCABULARY].encode(docs)
    E, backprop_words = _word_vectors(model, tokens, is_train)
    by_type, backprop_types = _type_vectors(model, tokens, docs, is_train)
    types = xp.asarray(tokens.types)
    parts = [E, by_type[types]]
    if "static_vectors" in model.attrs[PARTS]:
        static, backprop_static = _part(model, "static_vectors")(docs, is_train)
        parts.append(static.dataXd)
    Y = xp.concatenate(parts, axis=1)

    def backprop(dYs: list[Floats2d]) -> list[Doc]:
        dY = xp.concatenate([Y[:0], *dYs])  # there may be no doc
        dE, d_tokens, d_static = xp.split(dY, [E.shape[1], E.shape[1] + by_type.shape[1]], axis=1)
        backprop_words(dE)
        d_types = xp.zeros_like(by_type)
        model.ops.scatter_add(d_types, types.astype("int32"), xp.ascontiguousarray(d_tokens))
        backprop_types(d_types)
        if "static_vectors" in model.attrs[PARTS]:
            backprop_static(Ragged(xp.ascontiguousarray(d_static), static.lengths))
        return docs

    ends = numpy.cumsum(tokens.lengths).tolist()
    starts = [end - length for end, length in zip(ends, tokens.lengths, strict=True)]
    return [Y[start:end] for start, end in zip(starts, ends, strict=True)], backprop


def _part(model: Model, name: str) -> Model:
    """The layer that gives one part of the vectors."""
    return model.layers[model.attrs[PARTS].index(name)]


def _word_vectors(
    model: Model, tokens: EncodedTokens, is_train: bool
) -> tuple[Any, Callable[[Any], Any]]:
    """The embedding of each token's word, `(tokens, width)`."""
    xp = model.ops.xp
    if "word" not in model.attrs[PARTS]:
        return xp.zeros((len(tokens.types), 0), dtype="f"), lambda dE: None
    return _part(model, "word")(xp.asarray(_word_ids(model, tokens, is_train)), is_train)


def _word_ids(model: Model, tokens: EncodedTokens, is_train: bool) -> numpy.ndarray:
    """The word id of each token; in training some of those seen once are <UNK>."""
    ids = tokens.ids[:, 0][tokens.types]
    rate = model.attrs["unk_rate"]
    if is_train and rate > 0:
        once = model.attrs[VOCABULARY].words.counts[ids] == 1
        ids = numpy.where(once & (numpy.random.random(len(ids)) < rate), Vocabulary.UNK_ID, ids)
    return ids


def _type_vectors(
    model: Model, tokens: EncodedTokens, docs: list[Doc], is_train: bool
) -> tuple[Any, Callable[[Any], None]]:
    """For each distinct text the vectors that depend on it alone, side by side, `(types, width)`:
    those of features and characters, and the pipeline's."""
    xp, parts = model.ops.xp, model.attrs[PARTS]
    inputs: dict[str, Any] = {
        name: xp.asarray(tokens.ids[:, i])
        for i, name in enumerate(model.attrs[VOCABULARY].features, start=1)
    }
    if "character" in parts:
        inputs["character"] = _ragged(model, tokens)
    if "vectors" in parts:
        inputs["vectors"] = (tokens.texts, docs[0].vocab.vectors if docs else None)
    calls = [_part(model, name)(X, is_train) for name, X in inputs.items()]
    if not calls:
        return xp.zeros((len(tokens.ids), 0), dtype="f"), lambda dY: None
    outputs = [output for output, _ in calls]

    def backprop(dY: Any) -> None:
        start = 0
        for output, backprop_part in calls:
            end = start + output.shape[1]
            backprop_part(xp.ascontiguousarray(dY[:, start:end]))
            start = end

    return xp.concatenate(outputs, axis=1), backprop


def _ragged(model: Model, tokens: EncodedTokens) -> Ragged:
    lengths = model.ops.asarray1i([len(ids) for ids in tokens.characters])
    flat: Any = numpy.concatenate([*tokens.characters, numpy.zeros(0, dtype=numpy.int64)])
    return Ragged(model.ops.xp.asarray(flat), lengths)


def _init(model: Model, X: list[Doc] | None = None, Y: Any = None) -> None:
    vocabularies, parts = model.attrs[VOCABULARY].vocabularies, model.attrs[PARTS]
    if X and any(map(len, X)) and not model.attrs[VOCABULARY].words.counts.any():
        raise InputError(
            "seqpipe.WordFeatures.v1: its vocabulary is empty, and every word would be <UNK>; "
            "expected a component around it that fills the vocabulary, such as rnn_ner; "
            "spaCy's own tok2vec does not"
        )
    for name, vocabulary in vocabularies.items():
        if name in parts:
            resize(_part(model, name), "nV", len(vocabulary))
            _part(model, name).initialize()
    if "static_vectors" in parts and X:
        static = _part(model, "static_vectors")
        if not X[0].vocab.vectors_length:
            raise InputError(
                f"static_vectors = {static.get_dim('nO')}: the pipeline has no vectors, "
                "expected some in [initialize] vectors"
            )
        resize(static, "nM", X[0].vocab.vectors_length)
        static.initialize(X=X)
    if "vectors" in parts and X:
        _part(model, "vectors").initialize(X=(vocabularies["word"], X[0].vocab.vectors))
        width = sum(layer.get_dim("nO") for layer in model.layers)
        model.set_dim("nO", width, force=True)

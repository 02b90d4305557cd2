"""Token vectors from words, features, characters and static vectors."""

from collections import Counter

import numpy
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model

from seqpipe.files import InputError
from seqpipe.layers.characters import CharacterCNN, CharacterLSTM
from seqpipe.vocabulary.embed import VOCABULARY, WordFeatures, vocabulary_nodes
from seqpipe.vocabulary.vocabulary import Vocabulary
from tests.gradients import parameter_errors, to_float64

TEXTS = ["Anna paid Ms Bell in Bonn", "", "Bell paid 42 in all , Anna", "Ms"]
CHARACTERS = {
    "no-characters": lambda: None,
    "cnn": lambda: CharacterCNN(6, width=3),
    "lstm": lambda: CharacterLSTM(6, width=3),
}


def vocab_with_vectors(width: int = 5) -> Vocab:
    vocab = Vocab()
    rng = numpy.random.default_rng(0)
    for word in ("Anna", "paid", "in"):
        vocab.set_vector(word, rng.normal(size=width).astype("f"))
    return vocab


def docs_of(texts=TEXTS, vocab: Vocab | None = None) -> list[Doc]:
    vocab = vocab if vocab is not None else vocab_with_vectors()
    return [Doc(vocab, words=text.split()) for text in texts]


def word_features(docs: list[Doc], *, features=("shape", "suffix2"), **options) -> Model:
    """An initialised layer that has seen the docs."""
    numpy.random.seed(0)
    model = WordFeatures(
        Vocabulary(), **{"width": 4, "features": list(features), "feature_width": 3, **options}
    )
    counts = Counter(token.text for doc in docs for token in doc)
    model.attrs[VOCABULARY] = model.attrs[VOCABULARY].build(counts)
    model.initialize(X=docs)
    return model


def words_read(model: Model, docs: list[Doc], *, is_train: bool) -> list[int]:
    """The id under which each token's word embedding was read."""
    Y = numpy.concatenate(model(docs, is_train)[0])[:, :4]
    E = model.layers[0].get_param("E")
    return [int(numpy.flatnonzero((y == E).all(axis=1))[0]) for y in Y]


@pytest.mark.parametrize("static_vectors", [0, 2])
@pytest.mark.parametrize("features", [(), ("shape", "suffix2")], ids=["words-only", "features"])
@pytest.mark.parametrize("characters", CHARACTERS)
def test_gradient_matches_finite_differences(characters, features, static_vectors):
    docs = docs_of()
    model = to_float64(
        word_features(
            docs,
            features=features,
            characters=CHARACTERS[characters](),
            static_vectors=static_vectors,
            unk_rate=0.5,
        )
    )
    rng = numpy.random.default_rng(0)
    directions = [rng.normal(size=(len(doc), model.get_dim("nO"))) for doc in docs]

    def forward():
        numpy.random.seed(2)  # the same words become <UNK> at every call
        return model(docs, True)

    def loss() -> float:
        return sum(float((y * d).sum()) for y, d in zip(forward()[0], directions, strict=True))

    forward()[1](directions)
    errors = parameter_errors(loss, model)
    assert max(errors.values()) < 1e-6, errors
    expected = 1 + len(features) + {"no-characters": 0, "cnn": 3, "lstm": 7}[characters]
    assert len(errors) == expected + bool(static_vectors)


@pytest.mark.parametrize("static_vectors", [0, 2])
@pytest.mark.parametrize("features", [(), ("shape", "suffix2")], ids=["words-only", "features"])
@pytest.mark.parametrize("characters", CHARACTERS)
def test_widths_add_up(characters, features, static_vectors):
    docs = docs_of()
    model = word_features(
        docs,
        features=features,
        characters=CHARACTERS[characters](),
        static_vectors=static_vectors,
    )
    width = 4 + 3 * len(features) + (6 if characters != "no-characters" else 0) + static_vectors
    assert model.get_dim("nO") == width
    assert [Y.shape for Y in model.predict(docs)] == [(len(doc), width) for doc in docs]


def test_a_doc_alone_gives_what_it_gives_among_others():
    docs = docs_of()
    model = word_features(docs, characters=CharacterLSTM(6, width=3), static_vectors=2)
    together = model.predict(docs)
    for doc, Y in zip(docs, together, strict=True):
        assert numpy.allclose(model.predict([doc])[0], Y, atol=1e-6)


def test_equal_words_have_equal_vectors():
    docs = docs_of()
    Y = word_features(docs, characters=CharacterCNN(6, width=3)).predict(docs)
    assert numpy.array_equal(Y[0][0], Y[2][6])  # Anna
    assert numpy.array_equal(Y[0][2], Y[3][0])  # Ms


def test_words_seen_once_are_unknown_at_the_rate_asked():
    docs = docs_of(["once twice", "twice other"])
    model = word_features(docs, unk_rate=0.3)
    words = model.attrs[VOCABULARY].words
    batch = docs_of(["once twice"] * 2000)
    read = numpy.array(words_read(model, batch, is_train=True)).reshape(-1, 2)
    assert set(read[:, 0]) == {words.id("once"), Vocabulary.UNK_ID}
    assert abs((read[:, 0] == Vocabulary.UNK_ID).mean() - 0.3) < 0.04
    assert set(read[:, 1]) == {words.id("twice")}


def test_words_are_never_made_unknown_in_prediction():
    docs = docs_of()
    model = word_features(docs, unk_rate=1.0)
    expected = model.attrs[VOCABULARY].words.ids(token.text for doc in docs for token in doc)
    assert words_read(model, docs, is_train=False) == expected.tolist()


def test_a_rate_of_zero_makes_nothing_unknown():
    docs = docs_of()
    model = word_features(docs, unk_rate=0.0)
    assert Vocabulary.UNK_ID not in words_read(model, docs, is_train=True)


def test_a_word_never_seen_is_unknown():
    model = word_features(docs_of())
    assert words_read(model, docs_of(["Zagreb"]), is_train=False) == [Vocabulary.UNK_ID]


def test_static_vectors_are_projected_into_the_last_columns():
    vocab = vocab_with_vectors()
    docs = docs_of(vocab=vocab)
    model = word_features(docs, static_vectors=2)
    W = model.layers[-1].get_param("W")
    Y = model.predict(docs)[0]
    assert numpy.allclose(Y[0, -2:], W @ vocab.get_vector("Anna"), atol=1e-6)
    assert not Y[2, -2:].any()  # "Ms" has no vector
    assert Y[0, -2:].any()


@pytest.mark.parametrize("characters", CHARACTERS)
@pytest.mark.parametrize("texts", [[], [""], ["", ""]], ids=["no-docs", "empty-doc", "empty-docs"])
def test_nothing_to_read(texts, characters):
    seen = docs_of()
    model = word_features(seen, characters=CHARACTERS[characters](), static_vectors=2)
    Y = model.predict(docs_of(texts, seen[0].vocab))
    assert [y.shape for y in Y] == [(0, model.get_dim("nO"))] * len(texts)


@pytest.mark.parametrize("texts", [[], ["", ""]], ids=["no-docs", "empty-docs"])
def test_nothing_to_learn_from(texts):
    seen = docs_of()
    model = word_features(seen, characters=CharacterCNN(6, width=3), static_vectors=2)
    docs = docs_of(texts, seen[0].vocab)
    Y, backprop = model(docs, True)
    backprop(Y)
    for node in model.walk():
        for name in node.param_names:
            assert not node.has_grad(name) or not node.get_grad(name).any()


def test_round_trip_through_bytes():
    docs = docs_of()
    model, other = (
        word_features(docs, characters=CharacterCNN(6, width=3), static_vectors=2) for _ in range(2)
    )
    for node in other.walk():
        for name in node.param_names:
            node.get_param(name)[...] = 0.0
    other.from_bytes(model.to_bytes())
    for ours, theirs in zip(model.predict(docs), other.predict(docs), strict=True):
        assert numpy.array_equal(ours, theirs)


def test_the_layers_that_hold_a_vocabulary_are_found():
    model = word_features(docs_of(), characters=CharacterCNN(6, width=3))
    assert vocabulary_nodes(model) == [model]


def test_without_an_embedding_of_its_own_a_word_has_its_other_parts():
    docs = docs_of()
    model = word_features(docs, width=0, features=("suffix2",))
    assert model.get_dim("nO") == 3
    Ys, backprop = model.begin_update(docs)
    assert [Y.shape for Y in Ys] == [(len(doc), 3) for doc in docs]
    backprop([numpy.ones_like(Y) for Y in Ys])
    assert model.attrs["parts"] == ["suffix2"]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"width": 0}, "expected features, characters or vectors"), ({"width": -1}, "width = -1")],
)
def test_a_word_without_any_part_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        WordFeatures(Vocabulary(), features=[], **options)


def test_in_a_component_that_fills_no_vocabulary_it_is_refused():
    nlp = spacy.blank("en")
    encode = {"@architectures": "spacy.MaxoutWindowEncoder.v2", "width": 12, "depth": 1}
    encode |= {"window_size": 1, "maxout_pieces": 2}
    words = {"@architectures": "seqpipe.WordFeatures.v1", "width": 12, "features": []}
    words["vocabulary"] = {"@misc": "seqpipe.Vocabulary.v1"}
    tok2vec = {"@architectures": "spacy.Tok2Vec.v2", "embed": words, "encode": encode}
    nlp.add_pipe("tok2vec", config={"model": tok2vec})
    nlp.add_pipe("tagger").add_label("N")
    doc = Doc(nlp.vocab, words=["one", "word"], tags=["N", "N"])
    with pytest.raises(InputError, match=r"its vocabulary is empty, and every word would be <UNK>"):
        nlp.initialize(lambda: [Example(doc.copy(), doc)])

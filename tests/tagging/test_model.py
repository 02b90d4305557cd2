"""The whole tagger: its gradient, its refs, and token vectors of another kind."""

from collections import Counter

import numpy
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Adam, Model, set_dropout_rate

from seqpipe.layers.characters import CharacterCNN
from seqpipe.layers.crf import CRF, MISSING, TokenSoftmax, constrain, crf_loss, token_loss
from seqpipe.layers.recurrent import LSTM
from seqpipe.tagging.model import RNNTagger
from seqpipe.tagging.schemes import allowed, tags_of
from seqpipe.vocabulary.embed import VOCABULARY, WordFeatures
from seqpipe.vocabulary.vocabulary import Vocabulary
from tests.gradients import parameter_errors, to_float64

TAGS = tags_of(["PER"], "BILUO")  # O, B, I, L, U
TEXTS = ["Anna Bell paid", "", "Ms Bell spoke in Bonn"]
GOLD = [[1, 3, 0], [0, 4, 0, MISSING, MISSING]]


def docs_of(texts=TEXTS) -> list[Doc]:
    return [Doc(Vocab(), words=text.split()) for text in texts]


def tagger(head, docs: list[Doc], *, dropout: float = 0.0) -> Model:
    numpy.random.seed(0)
    words = WordFeatures(
        Vocabulary(),
        width=3,
        features=["suffix1"],
        feature_width=2,
        characters=CharacterCNN(3, width=2),
    )
    counts = Counter(token.text for doc in docs for token in doc)
    words.attrs[VOCABULARY] = words.attrs[VOCABULARY].build(counts)
    model = RNNTagger(words, LSTM(4, bi=True), head())
    set_dropout_rate(model, dropout)
    model.get_ref("output_layer").set_dim("nO", len(TAGS))
    model.get_ref("head").set_dim("nO", len(TAGS))
    constrain(model.get_ref("head"), *allowed(TAGS, "BILUO"))
    model.initialize(X=docs)
    rng = numpy.random.default_rng(0)
    for node in model.walk():  # parameters that are zero would hide mistakes
        for name in node.param_names:
            value = node.get_param(name)
            node.set_param(name, value + rng.normal(size=value.shape).astype("f") * 0.3)
    return model


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize(
    ("head", "loss_of"), [(CRF, crf_loss), (TokenSoftmax, token_loss)], ids=["crf", "softmax"]
)
def test_gradient_of_the_loss_matches_finite_differences(head, loss_of, dropout):
    docs = docs_of()
    model = to_float64(tagger(head, docs, dropout=dropout))

    def forward():
        numpy.random.seed(1)  # the same masks, and the same words made <UNK>, at every call
        scores, backprop = model(docs, True)
        gold = numpy.concatenate(GOLD)[scores.packing.rows]
        return *loss_of(scores, gold), backprop

    _, gradient, backprop = forward()
    assert gradient.emissions.dtype == "float64"
    backprop(gradient)
    errors = parameter_errors(lambda: forward()[0], model)
    assert max(errors.values()) < 1e-6, errors
    checked = {name.split()[0] for name in errors}
    layers = {"embedding", "character_cnn", "lstm_pass", "linear"}
    assert checked == (layers | {"crf"} if head is CRF else layers)


def test_its_parts_are_found_by_name():
    model = tagger(CRF, docs_of())
    assert model.get_ref("tok2vec").name == "word_features"
    assert model.get_ref("head").name == "crf"
    assert model.get_ref("output_layer").get_param("W").shape == (len(TAGS), 4)


def test_dropout_stands_on_both_sides_of_the_encoder():
    model = tagger(CRF, docs_of(), dropout=0.25)
    names = [layer.name for layer in model.layers]
    encoder = next(
        i
        for i, layer in enumerate(model.layers)
        if any(node.name == "lstm_pass" for node in layer.walk())
    )
    assert names[encoder - 1] == names[encoder + 1] == "sequence_dropout"
    rates = [n.attrs["dropout_rate"] for n in model.walk() if n.name == "sequence_dropout"]
    assert rates == [0.25, 0.25]


@pytest.mark.parametrize("head", [CRF, TokenSoftmax])
def test_a_doc_alone_gives_what_it_gives_among_others(head):
    docs = docs_of()
    model = tagger(head, docs)
    together = model.predict(docs)
    ends = numpy.cumsum([len(doc) for doc in docs])
    for doc, end in zip(docs, ends, strict=True):
        rows = together.packing.inverse[end - len(doc) : end]
        assert numpy.allclose(model.predict([doc]).emissions, together.emissions[rows], atol=1e-6)


def test_dropout_is_for_training_only():
    docs = docs_of()
    model = tagger(CRF, docs, dropout=0.5)
    model.get_ref("tok2vec").attrs["unk_rate"] = 0.0
    first, second = (model.predict(docs).emissions for _ in range(2))
    assert numpy.array_equal(first, second)
    assert not numpy.allclose(model(docs, True)[0].emissions, first)


@pytest.mark.parametrize("option", [{"initial": "given"}, {"return_state": True}], ids=str)
def test_an_encoder_with_states_is_refused(option):
    with pytest.raises(ValueError, match="encoder: expected one that neither takes nor returns"):
        RNNTagger(Model("any", lambda model, X, is_train: (X, None)), LSTM(4, **option), CRF())


def test_token_vectors_of_another_kind():
    """A `tok2vec` of spaCy's own feeds the same encoder, and learns with it."""
    nlp = spacy.blank("xx")
    config = {
        "@architectures": "seqpipe.RNNTagger.v1",
        "tok2vec": {
            "@architectures": "spacy.HashEmbedCNN.v2",
            "width": 8,
            "depth": 1,
            "embed_size": 50,
            "window_size": 1,
            "maxout_pieces": 2,
            "subword_features": True,
            "pretrained_vectors": None,
        },
        "encoder": {"@layers": "seqpipe.LSTM.v1", "nO": 8},
        "head": {"@layers": "seqpipe.CRF.v1"},
    }
    ner = nlp.add_pipe("rnn_ner", config={"model": config})
    entities = {"entities": [(0, 9, "PER")]}
    examples = [Example.from_dict(nlp.make_doc("Anna Bell paid"), entities)]
    nlp.initialize(lambda: examples)
    optimizer = Adam(0.01)
    losses = [ner.update(examples, sgd=optimizer)["rnn_ner"] for _ in range(40)]
    assert losses[-1] < 0.2 * losses[0]
    assert [(ent.text, ent.label_) for ent in nlp("Anna Bell paid").ents] == [("Anna Bell", "PER")]


def test_token_vectors_of_another_kind_pass_their_gradient():
    docs = docs_of(["Anna Bell paid"])
    tok2vec = registry.architectures.get("spacy.HashEmbedCNN.v2")(
        width=8,
        depth=1,
        embed_size=50,
        window_size=1,
        maxout_pieces=2,
        subword_features=True,
        pretrained_vectors=None,
    )
    model = RNNTagger(tok2vec, LSTM(4), CRF(len(TAGS)))
    model.get_ref("output_layer").set_dim("nO", len(TAGS))
    model.initialize(X=docs)
    scores, backprop = model(docs, True)
    gold = numpy.array([1, 3, 0])[scores.packing.rows]
    backprop(crf_loss(scores.to_numpy(), gold)[1].like(scores))
    tables = [node for node in tok2vec.walk() if node.has_param("E")]
    assert tables
    assert all(node.get_grad("E").any() for node in tables)

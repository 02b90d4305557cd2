"""Which words a map shows, and what it says of them."""

import numpy as np
import pytest

from seqpipe.embeddings.mapping import check_method, choose_words, listed_words, map_words
from seqpipe.embeddings.matrix import Embeddings
from seqpipe.files import InputError

WORDS = ["the", "king", "queen", "man", "woman", "apple", "orange"]


@pytest.fixture
def embeddings():
    """Royal, gender, fruit."""
    E = [[1, 1, 1], [9, -8, 0], [9, 8, 0], [1, -8, 0], [1, 8, 0], [0, -1, 9], [0, 1, 9]]
    return Embeddings(WORDS, np.array(E, dtype="float32"))


def test_the_first_words_are_shown_and_those_to_be_seen(embeddings):
    assert choose_words(embeddings, n=3, only=None) == WORDS[:3]
    assert choose_words(embeddings, n=3, only=None, marked=["orange", "king"]) == [
        "the", "king", "queen", "orange",
    ]  # fmt: skip


def test_words_that_are_named_come_in_the_order_of_the_vectors(embeddings):
    assert choose_words(embeddings, n=3, only=["man", "king"], marked=["apple"]) == [
        "king", "man", "apple",
    ]  # fmt: skip


def test_words_without_a_vector_are_named_with_near_spellings(embeddings):
    with pytest.raises(InputError) as caught:
        choose_words(embeddings, n=3, only=["man", "quen"], marked=["xyz"])
    assert str(caught.value) == "no vector for 'quen' (did you mean 'queen'?), 'xyz'"
    with pytest.raises(InputError, match=r"no vector for 'x0', 'x1', 'x2', 'x3', 'x4' and 3 more$"):
        choose_words(embeddings, n=3, only=[f"x{i}" for i in range(8)])


def test_words_come_from_the_option_or_from_a_file(tmp_path):
    assert listed_words(" king, queen,,king") == ["king", "queen"]
    (tmp_path / "words.txt").write_text("apple\n\norange, red\n", encoding="utf-8")
    assert listed_words(str(tmp_path / "words.txt")) == ["apple", "orange, red"]
    with pytest.raises(InputError, match="no word in it, expected words with commas"):
        listed_words(" , ")


def test_a_map_knows_ranks_neighbours_and_what_the_axes_show(embeddings):
    shown = choose_words(embeddings, n=3, only=WORDS[3:], marked=["apple"])
    found = map_words(embeddings, shown, name="v.txt", method="pca", marked=["apple"])
    assert found.words == ["man", "woman", "apple", "orange"]
    assert found.ranks == [4, 5, 6, 7]
    assert found.marked == {2}
    assert found.title == "v.txt: 4 of 7 words"
    assert found.neighbours[2:, 0].tolist() == [3, 2]
    assert found.cosines[2, 0] == pytest.approx(80 / 82)
    assert found.axes is not None
    assert [axis.split(":")[0] for axis in found.axes] == ["component 1", "component 2"]


def test_neighbours_are_at_most_five_and_all_others_of_few_words(embeddings):
    few = map_words(embeddings, WORDS[:3], name="v", method="pca")
    assert few.title == "v: the first 3 of 7 words"
    assert few.neighbours.shape == few.cosines.shape == (3, 2)
    assert map_words(embeddings, WORDS, name="v", method="pca").neighbours.shape == (7, 5)


def test_t_sne_says_its_perplexity_and_seed_and_has_no_axes(embeddings):
    pytest.importorskip("sklearn")
    found = map_words(embeddings, WORDS, name="v")
    assert (found.method, found.axes) == ("t-SNE of the cosines, perplexity 2", None)
    found = map_words(embeddings, WORDS, name="v", perplexity=3, seed=7)
    assert found.method == "t-SNE of the cosines, perplexity 3, seed 7"


def test_options_of_t_sne_are_refused_for_components():
    with pytest.raises(InputError, match="perplexity: only t-SNE has it"):
        check_method("pca", perplexity=5)
    with pytest.raises(InputError, match="seed: only t-SNE has it"):
        check_method("pca", seed=0)
    with pytest.raises(InputError, match="method 'umap', expected tsne or pca"):
        check_method("umap")


def test_floret_words_have_no_rank_and_have_to_be_named():
    spacy_vectors = pytest.importorskip("spacy.vectors")
    from spacy.strings import StringStore

    data = np.random.default_rng(0).normal(size=(50, 8)).astype("float32")
    settings = {"mode": "floret", "minn": 2, "maxn": 3, "hash_count": 2, "hash_seed": 1}
    floret = spacy_vectors.Vectors(strings=StringStore(), data=data, **settings)
    embeddings = Embeddings([], np.zeros((0, 8), dtype="float32"), floret=floret)
    shown = choose_words(embeddings, n=3, only=["zebra", "apple"], marked=["mau"])
    found = map_words(embeddings, shown, name="v", method="pca", marked=["mau"])
    assert (found.words, found.ranks) == (["zebra", "apple", "mau"], None)
    assert found.title == "v: 3 words"
    with pytest.raises(InputError, match="floret vectors have no words of their own"):
        choose_words(embeddings, n=3, only=None)

"""Every public class and function says what it takes, gives and raises, with types and shapes, and
a method from a paper names its source."""

from __future__ import annotations

import ast
import re

import pytest

from tests.docstrings import MODULES, PACKAGE, Public, faults, public

# Where arrays come and go; elsewhere they are rare.
ROOMS_OF_ARRAYS = ("layers/", "decoding/", "embeddings/", "lm/", "debiasing/", "kernels/")

# Who described what a module does, and when; a regular expression each.
SOURCES = {
    "classification/class_weights": ["King & Zeng 2001"],
    "classification/explain": ["Denil et al. 2014", "Yang et al. 2016"],
    "classification/model": ["Iyyer et al. 2015", "Yang et al. 2016"],
    "classification/transfer": ["Dai & Le 2015", "Howard & Ruder 2018"],
    "classification/trees": ["Socher et al. 2013"],
    "debiasing/associations": ["Garg et al. 2018", "Manzini et al. 2019", "Dev & Phillips 2019"],
    "debiasing/biased_words": ["Gonen & Goldberg 2019"],
    "debiasing/clustering": ["Gonen & Goldberg 2019"],
    "debiasing/definitional": ["Bolukbasi et al. 2016"],
    "debiasing/direct_bias": ["Bolukbasi et al. 2016"],
    "debiasing/double_hard": ["Wang et al. 2020"],
    "debiasing/generated_analogies": ["Bolukbasi et al. 2016"],
    "debiasing/hard": ["Bolukbasi et al. .2016"],
    "debiasing/intervals": ["Efron 1979", "Wilson 1927", "Fisher 1921"],
    "debiasing/neighbours": ["Gonen & Goldberg 2019"],
    "debiasing/recover": ["Gonen & Goldberg 2019"],
    "debiasing/roles": ["Bolukbasi et al. 2016"],
    "debiasing/sembias": ["Zhao et al. 2018"],
    "debiasing/subspace": ["Bolukbasi et al. .2016", "Manzini et al. .2019"],
    "debiasing/weat": ["Caliskan, Bryson & Narayanan .2017", "Holm .1979", "Phipson & Smyth 2010"],
    "decoding/beam": ["Sutskever et al. 2014"],
    "decoding/limits": ["Paulus et al. 2018"],
    "decoding/sampling": ["Fan et al.*2018", "Holtzman et al.*2020"],
    "decoding/scores": ["Wu et al.*2016"],
    "embeddings/cooccurrence": ["Pennington, Socher & Manning 2014"],
    "embeddings/evaluation": ["Mikolov et al. 2013"],
    "embeddings/full_softmax": ["Mikolov et al. 2013"],
    "embeddings/glove": ["Pennington, Socher & Manning 2014"],
    "embeddings/huffman": ["Huffman 1952", "Mikolov et al. 2013"],
    "embeddings/neural_lm": ["Bengio et al. 2003"],
    "embeddings/noise": ["Mikolov et al. 2013", "Walker 1977"],
    "embeddings/phrases": ["Mikolov et al. 2013"],
    "embeddings/projection": ["Pearson 1901", "Hotelling 1933", "van der Maaten & Hinton 2008"],
    "embeddings/similarity": ["Mikolov, Yih & Zweig .2013", "Levy & Goldberg .2014"],
    "embeddings/skip_gram": ["Mikolov et al. 2013a.*2013b", "Bojanowski et al. 2017"],
    "embeddings/subwords": ["Bojanowski et al. 2017"],
    "evaluation/bleu": ["Papineni et al. 2002", "Popović 2015", "Snover et al. 2006", "Post 2018"],
    "evaluation/bleu_compare": ["Koehn 2004"],
    "evaluation/calibration": ["Guo et al. 2017"],
    "evaluation/contrast": ["Efron & Tibshirani 1993", "McNemar .1947"],
    "intervals": ["Wilson 1927"],
    "kernels/crf": ["Rabiner 1989"],
    "kernels/glove": ["Pennington, Socher & Manning 2014", "Duchi, Hazan & Singer 2011"],
    "kernels/ngram_model": ["Chen & Goodman 1999"],
    "kernels/ngrams": ["Appleby 2011"],
    "kernels/product": ["Goto & van de Geijn 2008"],
    "kernels/rows": ["Kingma & Ba 2015"],
    "kernels/windows": ["Mikolov et al. 2013", "Ji et al. 2016", "Walker 1977"],
    "layers/adaptive_softmax": ["Grave et al. 2017"],
    "layers/attention": ["Bahdanau et al. 2015", "Luong et al. 2015", "Vaswani et al. 2017"],
    "layers/attentional": ["Bahdanau et al. 2015", "Luong et al. 2015"],
    "layers/cell": ["Ba et al. 2016", "Saxe et al. 2014", "Glorot & Bengio 2010"],
    "layers/characters": ["Ma & Hovy 2016", "Lample et al. 2016"],
    "layers/crf": ["Lafferty et al. 2001", "Huang et al. 2015", "Lample et al. 2016"],
    "layers/crf_inference": ["Rabiner 1989", "Sutton & McCallum 2012", "Viterbi 1967"],
    "layers/cross_entropy": ["Goodfellow et al. 2016"],
    "layers/dropout": ["Gal & Ghahramani 2016", "Zaremba et al. 2014", "Iyyer et al. 2015"],
    "layers/encoder_decoder": ["Sutskever et al. 2014"],
    "layers/gradient_flow": ["Pascanu et al. 2013"],
    "layers/gru": ["Cho et al. 2014", "Chung et al. 2014"],
    "layers/initial": ["Glorot & Bengio 2010", "Saxe et al. 2014"],
    "layers/label_smoothing": ["Szegedy et al. 2016"],
    "layers/lstm": ["Hochreiter & Schmidhuber 1997", "Gers et al. 2000", "Jozefowicz et al. 2015"],
    "layers/model_gradients": ["Pascanu et al. 2013"],
    "layers/pooling": ["Yang et al. 2016"],
    "layers/potentials": ["Lafferty et al. 2001"],
    "layers/recurrent": ["Schuster & Paliwal 1997", "He et al. 2016", "Gal & Ghahramani 2016"],
    "layers/rnn": ["Elman 1990"],
    "layers/sampled_softmax": ["Jean et al. 2015", "Bengio & Senécal 2008"],
    "layers/softmax_output": ["Press & Wolf 2017", "Inan et al. 2017"],
    "lm/cache": ["Kuhn & De Mori.*1990"],
    "lm/interpolation": ["Jelinek & Mercer.*1980"],
    "lm/model": ["Mikolov et al. 2010", "Zaremba et al. 2014", "Press & Wolf 2017"],
    "lm/smoothing": ["Chen & Goodman.*1999", "Heafield et al. 2013"],
    "lm/streams": ["Mikolov et al. 2010"],
    "pipe": ["Pascanu et al. 2013"],
    "reporting/layered_layout": ["Sugiyama, Tagawa and Toda 1981"],
    "tagging/confidence": ["Guo et al. 2017"],
    "tagging/model": ["Lample et al. 2016", "Ma & Hovy 2016"],
    "tagging/schemes": ["Tjong Kim Sang and Veenstra .1999"],
    "training/average": ["Vaswani et al. 2017"],
    "training/schedules": ["Zaremba et al. 2014"],
    "translation/intervals": ["Künsch 1989"],
    "translation/length_buckets": ["Bahdanau et al. 2015"],
    "translation/lexicon": ["Luong et al. 2015"],
    "translation/model": ["Sutskever et al. 2014", "Bahdanau et al. 2015", "Luong et al. 2015"],
    "translation/units": ["Sennrich et al. 2016", "Provilkov et al. 2020"],
    "translation/verdicts": ["Ng, Sequence Models, 2018"],
    "vocabulary/bpe": ["Sennrich, Haddow & Birch 2016", "Provilkov et al. 2020"],
    "vocabulary/embed": ["Lample et al. 2016"],
    "vocabulary/learn_bpe": ["Sennrich, Haddow & Birch 2016"],
    "vocabulary/pretrained": ["Collobert et al. 2011", "Lample et al. 2016"],
}

READ = '''def read(path: str) -> list[int]:
    """Read numbers.

    path (str): A file.
    RETURNS (List[int]): One a line.
    RAISES (InputError): If there is none.
    """
    raise InputError("empty")
'''
SCALE = '''def scale(X: Floats2d) -> None:
    """Scale rows.

    X (Floats2d): `(rows, width)`.
    """
'''


@pytest.mark.parametrize("module", MODULES)
def test_docstrings_say_all_that_a_caller_needs(module):
    assert ast.get_docstring(ast.parse((PACKAGE / module).read_text(encoding="utf8")))
    shapes = module.startswith(ROOMS_OF_ARRAYS)
    found = {it.name: faults(it, shapes=shapes) for it in public(module) if not is_check(it)}
    assert {name: lacking for name, lacking in found.items() if lacking} == {}


def is_check(it):
    """Whether it is a test that plugins inherit: its name says what it tests."""
    return it.module.startswith("testing/") and it.node.name.startswith("test_")


@pytest.mark.parametrize("module", SOURCES)
def test_a_method_from_a_paper_names_authors_and_year(module):
    source = (PACKAGE / f"{module}.py").read_text(encoding="utf8")
    texts = [ast.get_docstring(node) for node in ast.walk(ast.parse(source)) if is_documented(node)]
    said = " ".join(" ".join(text or "" for text in texts).split())
    assert [who for who in SOURCES[module] if not re.search(who, said)] == []


def is_documented(node):
    return isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)


@pytest.mark.parametrize(
    ("source", "old", "new", "expected"),
    [
        (READ, "path (str): A file.", "", "path has no type and meaning"),
        (READ, "path (str): A file.", "path: A file.", "path has no type and meaning"),
        (READ, "RETURNS (List[int])", "List", "nothing about what comes back"),
        (READ, "RAISES (InputError)", "Error", "nothing about what it raises"),
        (READ, "Read numbers.", "Reads numbers.", "says what it does, rather than to do it"),
        (READ, "Read numbers.", "Read numbers", "its first sentence has no end"),
        (READ, '"""', "'", "no docstring"),
        (SCALE, "`(rows, width)`.", "Some rows.", "no shape of its arrays"),
    ],
)
def test_what_a_docstring_leaves_out_is_found(source, old, new, expected):
    assert faults_of(source) == []
    assert expected in faults_of(source.replace(old, new))


def faults_of(source):
    if "'" in source:  # a docstring that is none
        source = re.sub("'.*'", "pass", source, flags=re.DOTALL)
    return faults(Public(ast.parse(source).body[0], "files.py"), shapes=True)

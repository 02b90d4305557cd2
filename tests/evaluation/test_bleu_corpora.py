"""BLEU of real systems: sacreBLEU's table, multi-bleu.perl, mteval-v13a.pl, TensorFlow NMT."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from seqpipe.evaluation.bleu import BleuOptions, corpus_scores
from seqpipe.evaluation.bleu_report import score_files

DATA = Path(__file__).parents[3] / "shared" / "data" / "bleu"
WMT17, WMT15, NMT = DATA / "wmt17_en_de", DATA / "wmt15_eval", DATA / "tf_nmt_de_en"

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="shared/data/bleu is not there")

CASED, LOWERCASED, TOKENS = BleuOptions(), BleuOptions(lowercase=True), BleuOptions(tokenize="none")
# Every system, and every way to score; which of them goes with which does not matter.
TABLE = [
    ("C-3MA.4959", CASED, 22.6746, 0.985339, 60395),
    ("FBK.4870", LOWERCASED, 26.8872, 1.0, 61450),
    ("LIUM-NMT.4900", TOKENS, 21.6098, None, None),
    ("LMU-nmt-reranked.4934", CASED, 27.1070, 1.0, 61360),
    ("LMU-nmt-single.4893", LOWERCASED, 27.3000, 1.0, 61324),
    ("PROMT-Rule-based.4735", TOKENS, 13.1355, None, None),
    ("RWTH-nmt-ensemble.4921", CASED, 26.0245, 1.0, 61875),
    ("online-A.0", LOWERCASED, 22.3892, 1.0, 62880),
    ("online-B.0", TOKENS, 21.5911, None, None),
    ("online-F.0", CASED, 15.4517, 1.0, 63256),
    ("uedin-nmt.4722", CASED, 28.3012, 1.0, 62873),
    ("uedin-nmt.4722", LOWERCASED, 28.9219, 1.0, 62873),
    ("uedin-nmt.4722", TOKENS, 23.3868, None, None),
]


def lines(path):
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def singly(references):
    return [[one] for one in references]


@pytest.mark.parametrize(("system", "options", "score", "penalty", "length"), TABLE)
def test_a_wmt_system_has_the_score_of_the_table(system, options, score, penalty, length):
    files = WMT17 / f"newstest2017.{system}.en-de.gz", [WMT17 / "newstest2017-ende-ref.de.gz"]
    bleu = score_files(*files, options=options).scores.bleu
    assert bleu.score == pytest.approx(score, abs=5e-5)
    if options is not TOKENS:  # the table has lengths of its own tokens alone
        assert bleu.brevity_penalty == pytest.approx(penalty, abs=5e-7)
        assert (bleu.hypothesis_length, bleu.reference_length) == (length, 61287)


def test_tokens_have_the_score_of_multi_bleu():
    options = BleuOptions(tokenize="none", smoothing="none")
    bleu = score_files(WMT15 / "google.ru", [WMT15 / "ref.ru"], options=options).scores.bleu
    assert round(bleu.score, 2) == 23.17
    assert [round(p, 1) for p in bleu.precisions] == [53.8, 29.6, 17.6, 10.3]
    assert (bleu.brevity_penalty, bleu.hypothesis_length, bleu.reference_length) == (1, 1989, 1852)
    assert round(bleu.ratio, 3) == 1.074


def test_segments_have_the_score_of_mteval_13a():
    texts, gold = (
        re.findall(r"<seg[^>]*>(.*?)</seg>", (WMT15 / name).read_text(encoding="utf-8"))
        for name in (
            "newstest2015-100sents-enru-google.ru.sgm",
            "newstest2015-100sents-enru-ref.ru.sgm",
        )
    )
    bleu = corpus_scores(texts, singly(gold)).bleu
    said = (WMT15 / "mteval-13a.output").read_text(encoding="utf-8")
    score = float(re.search(r"BLEU score = ([\d.]+)", said)[1])
    individual = [float(p) for p in re.search(r"BLEU: +(.*)\"", said)[1].split()[:4]]
    lengths = re.search(r"\((\d+)/(\d+)\)", said)
    assert round(bleu.score / 100, 4) == score == 0.2318
    assert [round(p / 100, 4) for p in bleu.precisions] == individual
    assert (bleu.hypothesis_length, bleu.reference_length) == tuple(map(int, lengths.groups()))


def test_plain_texts_have_the_score_that_the_data_state():
    name = "newstest-2015-100sents.en-ru.{}.ru"
    found = score_files(WMT15 / name.format("google"), [WMT15 / name.format("ref")]).scores.bleu
    assert round(found.score, 2) == 23.20
    assert [round(p, 1) for p in found.precisions] == [54.3, 29.8, 17.5, 10.2]


def test_joined_subwords_have_the_score_of_tensorflow_nmt():
    bpe = [line.replace("@@ ", "") for line in lines(NMT / "deen_ref_bpe")]
    pieces = [
        line.replace(" ", "").replace("▁", " ").strip() for line in lines(NMT / "deen_ref_spm")
    ]
    assert bpe == pieces
    # There an empty hypothesis counts as one token.
    texts = [line or "EMPTY" for line in lines(NMT / "deen_output")]
    options = BleuOptions(tokenize="none", smoothing="none")
    assert corpus_scores(texts, singly(bpe), options=options).bleu.score == pytest.approx(
        22.5855084573, abs=1e-10
    )


def test_the_best_system_is_better_than_the_second_by_more_than_chance():
    files = (WMT17 / f"newstest2017.{name}.en-de.gz" for name in ("uedin-nmt.4722", "FBK.4870"))
    best, other = files
    report = score_files(best, [WMT17 / "newstest2017-ende-ref.de.gz"], others=[other])
    first, second = report.comparison.scores["bleu"]
    assert first.p_value is None
    assert second.p_value < 0.01
    assert abs(first.mean - first.score) < first.interval

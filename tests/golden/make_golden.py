"""Makes the golden models of this version: `python -m tests.golden.make_golden`.

Once for each release, and never again: what a release saved must load in every later one.
"""

from __future__ import annotations

from seqpipe.testing.case import save_golden
from tests.classification.test_text_pipe import TestSentiment, TestTextcat
from tests.lm.lm_case import RNN_LM
from tests.lm.ngram_case import save_golden as save_ngram_lm
from tests.tagging.test_ner import CASE as NER
from tests.tagging.test_tagger import CASE as TAGGER
from tests.translation.translator_case import TRANSLATOR

if __name__ == "__main__":
    for case in (NER, TAGGER, TestTextcat.case, TestSentiment.case, RNN_LM, TRANSLATOR):
        save_golden(case)
    save_ngram_lm()

"""New text from a pipeline's language model: sampled, greedy, or by beam search."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from spacy.language import Language

from seqpipe.decoding.beam import beam_search
from seqpipe.decoding.greedy import greedy
from seqpipe.decoding.hypothesis import Hypothesis
from seqpipe.decoding.limits import Limits
from seqpipe.decoding.sampling import Sampling, sample
from seqpipe.decoding.scores import Score
from seqpipe.decoding.steps import Prediction
from seqpipe.files import InputError
from seqpipe.vocabulary.vocabulary import Vocabulary

from .detokenise import detokenise
from .find import find_language_model
from .language_model import LanguageModel

logger = logging.getLogger("seqpipe")

SAMPLE, GREEDY, BEAM = METHODS = ("sample", "greedy", "beam")


@dataclass(frozen=True)
class Generated:
    """A text that a language model wrote.

    text (str): The prompt as it was given, and what follows it.
    tokens (List[str]): What was written after the prompt, without <EOS>.
    log_prob (float): In nats, of them, and of <EOS> if they are finished, after the prompt.
    finished (bool): The sentence has ended; otherwise the length was reached, or nothing could
        follow.
    """

    text: str
    tokens: list[str]
    log_prob: float
    finished: bool


def generate(
    nlp: Language,
    *,
    prompt: str = "",
    samples: int = 1,
    length: int = 100,
    component: str | None = None,
    method: str = SAMPLE,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    beam_width: int = 5,
    alpha: float = 0.7,
    no_repeat: int = 0,
    unknown: bool = False,
    seed: int | None = None,
) -> list[Generated]:
    """Let a language model write.

    nlp (Language): A pipeline with a language model. Its tokenizer reads the prompt.
    prompt (str): How the text begins: words of one sentence, or characters.
    samples (int): How many texts. Beam search gives its best ones, from the best on, `beam_width`
        at most, and fewer where there are no more; greedy search has but one.
    length (int): Tokens to write at most, the end of the sentence among them.
    component (Optional[str]): The model's name, if there are several.
    method (str): "sample" draws each token, "greedy" takes the likeliest, "beam" looks for the
        likeliest text.
    temperature, top_p (float), top_k (int): Of "sample", see `seqpipe.decoding.sampling.Sampling`.
    beam_width (int): Of "beam": texts that go on at each step.
    alpha (float): Of "beam": the log-probability is divided by length^alpha.
    no_repeat (int): No n-gram of so many tokens is written twice; 0 lets all.
    unknown (bool): <UNK> may be written.
    seed (Optional[int]): Of "sample": the same seed gives the same texts, the first of them the
        same however many there are (their log-probabilities up to the rounding of the model's
        products); None gives others each time.
    RETURNS (List[Generated]): The texts.
    RAISES (InputError): If a setting is none, if there is no such model, or if it knows no word of
        the prompt, or, of characters, not all.
    """
    sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p)
    score = Score(alpha=alpha)
    _check(samples=samples, length=length, method=method, beam_width=beam_width, seed=seed)
    model = find_language_model(nlp, component or "")
    if not hasattr(type(model), "begin"):
        raise InputError(f"{model.name} cannot write: expected a model that goes on word by word")
    context = _context(nlp, model, prompt)
    words = model.next_words
    limits = _limits(model, words, length=length, no_repeat=no_repeat, unknown=unknown)
    begun = _begun(model, context, samples if method == SAMPLE else 1)
    if method == SAMPLE:
        found = sample(model, begun, limits, sampling=sampling, seed=seed)
    elif method == GREEDY:
        found = greedy(model, begun, limits)
    else:
        beam = beam_search(model, begun, limits, width=beam_width, n_best=samples, score=score)
        found = beam[0].hypotheses
    return [_generated(nlp, prompt, words, hypothesis) for hypothesis in found]


def _check(*, samples: int, length: int, method: str, beam_width: int, seed: int | None) -> None:
    if method not in METHODS:
        raise InputError(f"method = {method!r}: expected one of {', '.join(METHODS)}")
    for name, value in (("samples", samples), ("length", length), ("beam_width", beam_width)):
        if value < 1:
            raise InputError(f"{name} = {value}: expected at least 1")
    if method == GREEDY and samples > 1:
        raise InputError(f"samples = {samples}: expected 1, since greedy search has but one text")
    if method == BEAM and samples > beam_width:
        raise InputError(f"samples = {samples}: expected at most beam_width = {beam_width}")
    if seed is not None and seed < 0:
        raise InputError(f"seed = {seed}: expected 0 or more")


def _context(nlp: Language, model: LanguageModel, prompt: str) -> list[str]:
    """The tokens of a prompt, as the model reads them."""
    [sentences] = model.sentence_scores([nlp.make_doc(prompt)])
    tokens: list[str] = []
    unknown: list[str] = []
    for score in sentences:
        count = len(score.tokens) - int(model.predicts_ends)
        tokens += score.tokens[:count]
        unknown += np.array(score.tokens)[:count][score.is_unknown[:count]].tolist()
    if unknown:
        _check_unknown(model, unknown, is_all=len(unknown) == len(tokens), kind=_kind(nlp))
    return tokens


def _kind(nlp: Language) -> str:
    """What the tokens of a pipeline are."""
    return "character" if getattr(nlp.tokenizer, "unit", None) == "char" else "word"


def _check_unknown(model: LanguageModel, unknown: list[str], *, is_all: bool, kind: str) -> None:
    """Refuse a prompt that tells the model nothing, or that no text of its characters could be."""
    names = ", ".join(map(repr, dict.fromkeys(unknown)))
    if kind == "character":
        raise InputError(f"the prompt has {names}: expected characters that {model.name} knows")
    if is_all:
        raise InputError(f"the prompt has only {names}: expected a word that {model.name} knows")
    logger.warning("%s does not know %s of the prompt and reads <UNK>", model.name, names)


def _limits(
    model: LanguageModel, words: list[str], *, length: int, no_repeat: int, unknown: bool
) -> Limits:
    eos = words.index(Vocabulary.EOS) if Vocabulary.EOS in words else None
    forbidden = [] if unknown else [Vocabulary.UNK]
    if not model.predicts_ends:
        forbidden.append(Vocabulary.EOS)
    return Limits(
        max_length=length,
        eos=eos if model.predicts_ends else None,
        forbidden=tuple(words.index(word) for word in forbidden if word in words),
        no_repeat=no_repeat,
    )


def _begun(model: LanguageModel, context: list[str], count: int) -> Prediction:
    """What may follow a context, which is read once, for so many texts."""
    log_probs, state = model.begin([context])
    rows = np.zeros(count, dtype=np.int64)
    return log_probs[rows], model.select(state, rows)


def _generated(nlp: Language, prompt: str, words: list[str], found: Hypothesis) -> Generated:
    tokens = [words[id] for id in found.words]
    is_spaced = _kind(nlp) == "word"
    more = detokenise(tokens, after=prompt) if is_spaced else "".join(tokens)
    return Generated(prompt + more, tokens, found.log_prob, found.finished)

"""Label and vocabulary files from a whole corpus, for pipelines that are trained on a stream.

With max_epochs = -1 a pipeline is initialised on the first 100 examples alone, unless files tell
it what the others hold.
"""

from __future__ import annotations

import inspect
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqpipe.files import InputError, atomic_write
from seqpipe.pipe import LABEL_ADVICE, SequencePipe
from seqpipe.training.config_check import explain_config_error, load_checked_config
from seqpipe.training.config_file import ConfigFile
from seqpipe.training.scoring import unseen_labels
from seqpipe.vocabulary.embed import VOCABULARY, vocabulary_nodes
from seqpipe.vocabulary.tokenizer import UnkTokenizer
from seqpipe.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example
    from thinc.api import Config

SAMPLE = 100  # spaCy's: so many examples of a stream are shown at initialisation
TOKENIZER = "tokenizer"


@dataclass(frozen=True)
class Survey:
    """What a whole corpus shows. The tokenizer and each component go by their place in a config's
    [initialize]: "tokenizer", "components.ner".

    examples, tokens (int): Its size.
    labels (Dict[str, Any]): Labels, as a component's `initialize` takes them.
    vocabularies (Dict[str, Any]): Vocabularies, as JSON has them.
    """

    examples: int
    tokens: int
    labels: dict[str, Any]
    vocabularies: dict[str, Any]


def survey(file: ConfigFile) -> Survey:
    """Read a config's whole training corpus, once, as a stream, for what components start from.

    Components of other packages that have labels read it too, each by itself.

    file (ConfigFile): The training config. Files of labels and vocabularies that it names already
        are not read, so they need not be there.
    RETURNS (Survey): What was found.
    RAISES (InputError): If the config or the corpus is at fault, or there is no label to learn.
    """
    config = load_checked_config(file)
    nlp = _pipeline(file, config)
    names = _initialised(config, nlp)
    pipes: dict[str, Any] = {name: pipe for name, pipe in nlp.pipeline if name in names}
    ours = {name: pipe for name, pipe in pipes.items() if isinstance(pipe, SequencePipe)}
    _forget_files(nlp, ours)
    corpus = _training_corpus(nlp)
    seen = _Seen(ours, has_own=isinstance(nlp.tokenizer, UnkTokenizer))
    for eg in corpus(nlp):
        seen.add(eg)
    seen.check()
    labels: dict[str, Any] = {name: sorted(found) for name, found in seen.labels.items()}
    labels |= _labels_of_others(nlp, [name for name in pipes if name not in ours], corpus)
    placed = {f"components.{name}": labels[name] for name in pipes if name in labels}
    return Survey(seen.examples, seen.tokens, placed, _vocabularies(nlp, seen))


def write_files(found: Survey, folder: Path) -> dict[tuple[str, str], Path]:
    """Write what a survey found.

    found (Survey): What `survey` gave.
    folder (Path): Gets NAME.json for labels, as `spacy init labels` names them, and
        NAME.vocabulary.json; old ones are replaced.
    RETURNS (Dict[Tuple[str, str], Path]): The files, by place and "labels" or "vocabulary".
    """
    parts = {
        "labels": (found.labels, ".json"),
        "vocabulary": (found.vocabularies, ".vocabulary.json"),
    }
    written = {}
    for key, (values, suffix) in parts.items():
        for place, value in values.items():
            path = folder / f"{place.removeprefix('components.')}{suffix}"
            with atomic_write(path) as stream:
                json.dump(value, stream, ensure_ascii=False, indent=1)
                stream.write("\n")
            written[place, key] = path
    return written


def initialize_block(written: dict[tuple[str, str], Path]) -> str:
    """The part of a config that takes the files.

    written (Dict[Tuple[str, str], Path]): What `write_files` gave.
    RETURNS (str): Sections below [initialize], as they stand in a config.
    """
    lines = []
    for place in dict.fromkeys(place for place, _ in written):
        lines += [f"[initialize.{place}]"]
        if (place, "vocabulary") in written:
            lines += [f"vocabulary = {json.dumps(str(written[place, 'vocabulary']))}"]
        if (place, "labels") in written:
            reader = '@readers = "spacy.read_labels.v1"'
            path = f"path = {json.dumps(str(written[place, 'labels']))}"
            lines += ["", f"[initialize.{place}.labels]", reader, path]
        lines += [""]
    return "\n".join(lines)


def sample_warning(config: Config, nlp: Language) -> str | None:
    """Say what a pipeline that is trained on a stream does not know of it.

    config (Config): What it was made from, as `load_checked_config` gives it.
    nlp (Language): The initialised pipeline.
    RETURNS (str): The warning; None if nothing is amiss.
    """
    if nlp.config["training"]["max_epochs"] != -1:
        return None
    lacking = _lacking(config, nlp)
    if not lacking or len(list(islice(_training_corpus(nlp)(nlp), SAMPLE + 1))) <= SAMPLE:
        return None
    return (
        f"max_epochs = -1: only the first {SAMPLE} examples were read for {'; '.join(lacking)}. "
        "`seqpipe labels CONFIG --output FOLDER` reads all and writes files for [initialize]"
    )


def explain_unknown_labels(nlp: Language, examples: list[Example]) -> InputError | None:
    """Say which labels a component of another package may have stumbled over: spaCy's tagger, for
    one, raises a KeyError with a label it does not know.

    nlp (Language): The pipeline.
    examples (List[Example]): The batch that it was updated with.
    RETURNS (InputError): What to raise; None if all labels are known.
    """
    unseen = unseen_labels(nlp, examples)
    if not unseen:
        return None
    named = ", ".join(repr(label) for label in sorted(unseen))
    message = f"the training corpus has labels that no component was initialised with: {named}"
    return InputError(f"{message}. {LABEL_ADVICE}")


class _Seen:
    """Counts what goes by.

    tokens (int): In the references.
    counts (Dict[str, Counter]): The words that the references show each component.
    own (Counter): The same in the docs that the tokenizer made, if it learns from them.
    labels (Dict[str, Set[str]]): What the references show each component.
    """

    def __init__(self, pipes: dict[str, SequencePipe], *, has_own: bool) -> None:
        self.pipes, self.has_own = pipes, has_own
        self.examples = self.tokens = 0
        self.counts: dict[str, Counter[str]] = {name: Counter() for name in pipes}
        self.own: Counter[str] = Counter()
        self.labels: dict[str, set[str]] = {
            name: set() for name, pipe in pipes.items() if pipe.label_kind is not None
        }

    def add(self, eg: Example) -> None:
        self.examples += 1
        self.tokens += len(eg.reference)
        if self.has_own:
            self.own.update(token.text for token in eg.predicted)
        for name, pipe in self.pipes.items():
            self.counts[name].update(pipe.words_of(eg.reference))
            if name in self.labels:
                self.labels[name].update(pipe.labels_of(eg.reference))

    def check(self) -> None:
        if not self.tokens:
            raise InputError("[training] train_corpus: the corpus has no token")
        for name, found in self.labels.items():
            if not found:
                kind = self.pipes[name].label_kind
                raise InputError(f"{name}: the training data show no {kind} to learn")


def _vocabularies(nlp: Language, seen: _Seen) -> dict[str, Any]:
    """The vocabularies of the tokenizer and of the components, built of what was seen."""
    words = _tokenizer_vocabulary(nlp, seen.own)
    blocks = nlp.config.interpolate()["initialize"]["components"]
    found: dict[str, Any] = {} if words is None else {TOKENIZER: words.to_dict()}
    for name, pipe in seen.pipes.items():
        adopted = words if blocks.get(name, {}).get("vocabulary") == TOKENIZER else None
        built = [
            node.attrs[VOCABULARY].build(seen.counts[name], words=adopted).to_dict()
            for node in vocabulary_nodes(pipe.model)
        ]
        if built:
            found[f"components.{name}"] = built
    return found


def _tokenizer_vocabulary(nlp: Language, counts: Counter[str]) -> Vocabulary | None:
    """What the pipeline's tokenizer learns, if it is one that does."""
    tokenizer: Any = nlp.tokenizer
    if not isinstance(tokenizer, UnkTokenizer):
        return None
    settings = nlp.config.interpolate()["initialize"]["tokenizer"]
    if settings.get("text_file") is None:
        return tokenizer.vocabulary.build(counts)
    tokenizer.initialize(lambda: [], nlp=nlp, text_file=settings["text_file"])
    return tokenizer.vocabulary


def _forget_files(nlp: Language, ours: dict[str, SequencePipe]) -> None:
    """Take out of the pipeline's config the files that are to be made."""
    initialize = nlp.config["initialize"]
    for name, block in initialize["components"].items():
        block.pop("labels", None)
        if name in ours and block.get("vocabulary") != TOKENIZER:
            block.pop("vocabulary", None)
    if isinstance(nlp.tokenizer, UnkTokenizer):
        initialize["tokenizer"].pop("vocabulary", None)


def _pipeline(file: ConfigFile, config: Config) -> Language:
    from spacy.util import fix_random_seed, load_model_from_config
    from thinc.api import ConfigValidationError

    seed = config.interpolate()["training"]["seed"]
    if seed is not None:
        fix_random_seed(seed)
    try:
        return load_model_from_config(config, auto_fill=True)
    except ConfigValidationError as error:
        raise explain_config_error(file, error) from error


def _initialised(config: Config, nlp: Language) -> set[str]:
    """The components that training initialises: neither frozen nor taken from another pipeline."""
    from spacy.util import get_sourced_components

    filled = config.interpolate()
    frozen = nlp.config["training"]["frozen_components"]
    return set(nlp.pipe_names).difference(frozen, get_sourced_components(filled))


def _training_corpus(nlp: Language) -> Callable[[Language], Iterable[Example]]:
    from spacy.util import resolve_dot_names

    config = nlp.config.interpolate()
    return resolve_dot_names(config, [config["training"]["train_corpus"]])[0]


def _labels_of_others(
    nlp: Language, names: list[str], corpus: Callable[[Language], Iterable[Example]]
) -> dict[str, Any]:
    """The labels that components of other packages find when they are initialised."""
    pipes: dict[str, Any] = {name: nlp.get_pipe(name) for name in names}
    with_labels = {name: pipe for name, pipe in pipes.items() if hasattr(pipe, "label_data")}
    if with_labels:
        with nlp.select_pipes(enable=names):
            nlp.initialize(lambda: corpus(nlp))
    found = {name: pipe.label_data for name, pipe in with_labels.items()}
    return {name: data for name, data in found.items() if data is not None}


def _lacking(config: Config, nlp: Language) -> list[str]:
    """What the files could give each component, and the tokenizer, and the config does not."""
    from spacy.util import registry

    filled = nlp.config.interpolate()["initialize"]
    given = registry.resolve({"components": filled["components"]})["components"]
    names = _initialised(config, nlp)
    found = []
    for name, pipe in nlp.pipeline:
        if name in names:
            wanted = _wanted(pipe)
            settings = given.get(name, {})
            missing = [key for key in wanted if settings.get(key) is None]
            found += [f"the {' and the '.join(missing)} of '{name}'"] if missing else []
    settings = filled["tokenizer"]
    if isinstance(nlp.tokenizer, UnkTokenizer) and not any(settings.values()):
        found.append("the vocabulary of the tokenizer")
    return found


def _wanted(pipe: Any) -> list[str]:
    """Which of the files the `initialize` of a component takes."""
    takes = inspect.signature(pipe.initialize).parameters if hasattr(pipe, "initialize") else {}
    has = {
        "labels": hasattr(pipe, "label_data"),
        "vocabulary": isinstance(pipe, SequencePipe) and bool(vocabulary_nodes(pipe.model)),
    }
    return [key for key, is_used in has.items() if is_used and key in takes]

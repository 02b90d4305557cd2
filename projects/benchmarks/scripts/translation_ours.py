"""Our translator of the benchmarks: its training, its search, and its weights as Joey NMT's."""

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy
from spacy.training import Example
from thinc.api import Model
from translation_pairs import BATCH

NAME = "rnn_translator"
Run = dict[str, Any]


def training(folder: Path, config: Path, overrides: dict[str, Any]) -> Any:
    """RETURNS (TrainingLoop): That of the config, with an initialised pipeline.

    folder (Path): Has `train.src` and `train.trg`.
    """
    from seqpipe.training.config_file import read_config_file
    from seqpipe.training.loop import TrainingLoop
    from seqpipe.training.run import initialized_pipeline

    paths = {"paths.source": folder / "train.src", "paths.targets": folder / "train.trg"}
    overrides = overrides | {name: str(path) for name, path in paths.items()}
    return TrainingLoop(initialized_pipeline(read_config_file(config, overrides)))


def batches_in(folder: Path, nlp: Any) -> Iterator[list[Example]]:
    """YIELDS (List[Example]): BATCH pairs at a time, in the order of the files."""
    from seqpipe.translation.corpus import make_parallel_corpus

    examples = make_parallel_corpus(folder / "train.src", folder / "train.trg")(nlp)
    while batch := list(islice(examples, BATCH)):
        yield batch


def train(folder: Path, config: Path, few: int, steps: int, feeding: str) -> Run:
    """As `translation_torch.train`, by `nlp.update` as `seqpipe train` calls it.

    feeding (str): What the decoder reads besides: "input" or "none".
    """
    loop = training(folder, config, {f"components.{NAME}.model.feeding": feeding})
    batches = list(islice(batches_in(folder, loop.nlp), few + steps))
    losses: dict[str, float] = loop.counters.losses
    before, began = 0.0, 0.0
    for step, batch in enumerate(batches):
        if step == few:
            before, began = losses.get(NAME, 0.0), time.perf_counter()
        loop.update(batch, 0)
    seconds = time.perf_counter() - began
    units = loop.nlp.get_pipe(NAME).units
    counted = [eg.reference._.references[0] for batch in batches[few:] for eg in batch]
    tokens = sum(len(text.split()) + 1 for text in counted)
    return {
        "tokens": tokens,
        "seconds": seconds,
        "loss": float(losses[NAME] - before) / tokens,
        "source_words": len(units.source.vocabulary),
        "target_words": len(units.target.vocabulary),
    }


def learn(folder: Path, config: Path, epochs: int) -> Run:
    """Train, save to `model` in the folder, and its weights as Joey NMT's beside.

    RETURNS (Dict[str, float]): Seconds.
    """
    loop = training(folder, config, {})
    batches, began = list(batches_in(folder, loop.nlp)), time.perf_counter()
    for epoch in range(epochs):
        order = numpy.random.default_rng(epoch).permutation(len(batches))
        for i in order.tolist():
            loop.update(batches[i], epoch)
    seconds = time.perf_counter() - began
    loop.nlp.to_disk(folder / "model")
    save_for_joey(loop.nlp.get_pipe(NAME), folder)
    return {"seconds": seconds}


def decode(folder: Path, width: int, normalisation: str, alpha: float) -> Run:
    """Translate `test.src`, from texts on.

    RETURNS (Dict[str, Any]): Sentences, seconds, and the translations.
    """
    import spacy

    nlp = spacy.load(folder / "model")
    pipe: Any = nlp.get_pipe(NAME)
    pipe.options = replace(pipe.options, width=width, normalisation=normalisation, alpha=alpha)
    texts = (folder / "test.src").read_text(encoding="utf-8").splitlines()
    list(nlp.pipe(texts[:BATCH]))  # loads what is compiled
    began = time.perf_counter()
    found = [doc._.translation for doc in nlp.pipe(texts)]
    seconds = time.perf_counter() - began
    return {"sentences": len(found), "seconds": seconds, "translations": found}


def save_for_joey(pipe: Any, folder: Path) -> None:
    """Write `weights.npz`, under Joey NMT's names, and its vocabularies, `words.src` and
    `words.trg`."""
    from seqpipe.vocabulary.vocabulary import Vocabulary

    # Its first four.
    special = [getattr(Vocabulary, f"{name}_ID") for name in ("UNK", "PAD", "BOS", "EOS")]
    rows = {}
    for side, units in (("src", pipe.units.source), ("trg", pipe.units.target)):
        pieces = list(units.vocabulary)
        others = [number for number in range(len(pieces)) if number not in special]
        rows[side] = numpy.array([*special, *others])
        words = "".join(f"{pieces[number]}\n" for number in others)
        (folder / f"words.{side}").write_text(words, encoding="utf-8")
    numpy.savez(folder / "weights.npz", **joey_weights(pipe.model, rows))


def joey_weights(model: Model, rows: dict[str, numpy.ndarray]) -> dict[str, numpy.ndarray]:
    """RETURNS (Dict[str, ndarray]): By Joey NMT's names.

    model (Model): A `seqpipe.RNNTranslator.v1` of GRUs ("reset_after") with general attention.
    rows (Dict[str, ndarray]): For each of its ids ours, of "src" and "trg".
    """
    source, target, core, output = (
        model.get_ref(name) for name in ("source", "target", "core", "output_layer")
    )
    encoder, bridge, attentional = core.layers
    decoder, attention, mix = attentional.layers
    keys: Any = attention.get_param("W")
    mixing: Any = mix.get_param("W")
    contexts = keys.shape[1]
    return {
        "src_embed.lut.weight": _array(source, "E")[rows["src"]],
        "trg_embed.lut.weight": _array(target, "E")[rows["trg"]],
        **_gru_weights("encoder.rnn", encoder),
        **_gru_weights("decoder.rnn", decoder),
        "decoder.bridge_layer.weight": _array(bridge, "W"),
        "decoder.bridge_layer.bias": _array(bridge, "b"),
        "decoder.attention.key_layer.weight": keys,
        # It has the state before the context.
        "decoder.att_vector_layer.weight": numpy.hstack(
            [mixing[:, contexts:], mixing[:, :contexts]]
        ),
        "decoder.att_vector_layer.bias": _array(mix, "b"),
        "decoder.output_layer.weight": _array(output, "W")[rows["trg"]],
        "decoder.output_layer.bias": _array(output, "b")[rows["trg"]],
    }


def _array(layer: Model, name: str) -> Any:
    return layer.get_param(name)


def _gru_weights(prefix: str, layer: Model) -> dict[str, numpy.ndarray]:
    """Torch has the blocks reset, update, candidate; ours are update, reset, candidate, and its
    update gate is one minus ours."""
    found = {}
    passes = [node for node in layer.walk() if node.has_param("Wh")]
    for node, ending in zip(passes, ("_l0", "_l0_reverse")[: len(passes)], strict=True):
        for name, ours in (("weight_ih", "Wx"), ("weight_hh", "Wh"), ("bias_ih", "b")):
            update, reset, candidate = numpy.split(_array(node, ours), 3)
            found[f"{prefix}.{name}{ending}"] = numpy.concatenate([reset, -update, candidate])
        bh = _array(node, "bh")
        found[f"{prefix}.bias_hh{ending}"] = numpy.concatenate([numpy.zeros(2 * len(bh)), bh])
    return {name: numpy.asarray(array, dtype=numpy.float32) for name, array in found.items()}

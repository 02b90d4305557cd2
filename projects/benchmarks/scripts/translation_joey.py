"""Joey NMT, trained and decoded with; run by a Python that has it, since it pins an old protobuf.

Nothing of seqpipe is imported here. What was measured is written as JSON.
"""

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

import joeynmt.builders
import numpy
import torch
from joeynmt.config import parse_global_args
from joeynmt.data import load_data
from joeynmt.model import build_model
from joeynmt.prediction import predict, prepare
from joeynmt.training import TrainManager

EMBEDDING, ENCODER, DECODER = 256, 256, 512  # the encoder's in each direction
DROPOUT = 0.3


class Plateau(torch.optim.lr_scheduler.ReduceLROnPlateau):
    """Takes `verbose`, which Joey NMT 2.3 gives and torch has dropped."""

    def __init__(self, *args: Any, verbose: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


joeynmt.builders.ReduceLROnPlateau = Plateau


def data_settings(folder: Path, *, min_count: int, longest: int) -> dict[str, Any]:
    """Words parted by blanks, `train.src`, `train.trg` and so on in a folder."""
    side = {"level": "word", "max_length": longest, "voc_min_freq": min_count}
    sides: dict[str, dict] = {name: {"lang": name, **side} for name in ("src", "trg")}
    for name, settings in sides.items():
        words = folder / f"words.{name}"
        if words.is_file():
            settings["voc_file"] = str(words)
    there = {
        name: str(folder / name)
        for name in ("train", "dev", "test")
        if (folder / f"{name}.src").is_file()
    }
    special = {"unk_token": "<UNK>"}  # as ours has it, so that translations can be compared
    return {"dataset_type": "plain", "special_symbols": special, **there, **sides}


def model_settings(**changed: Any) -> dict[str, Any]:
    """Luong's attention with input feeding; one level, the encoder in two directions.

    changed (Any): Other widths, cell, dropout or first state of the decoder.
    """
    chosen = {"embedding": EMBEDDING, "encoder": ENCODER, "decoder": DECODER, "cell": "gru"}
    chosen |= {"dropout": DROPOUT, "init_hidden": "bridge"} | changed
    shared = {"type": "recurrent", "rnn_type": chosen["cell"], "num_layers": 1}
    shared |= {"dropout": chosen["dropout"]}
    embeddings = {"embedding_dim": chosen["embedding"], "scale": False}
    encoder = {"hidden_size": chosen["encoder"], "bidirectional": True, "embeddings": embeddings}
    decoder = {"hidden_size": chosen["decoder"], "embeddings": embeddings}
    decoder |= {"hidden_dropout": chosen["dropout"], "init_hidden": chosen["init_hidden"]}
    wiring = {"input_feeding": True, "attention": "luong"}
    return {"encoder": {**shared, **encoder}, "decoder": {**shared, **decoder, **wiring}}


def settings(folder: Path, batch: int) -> dict[str, Any]:
    """A whole config, as its YAML would have it."""
    training = {"optimizer": "adam", "learning_rate": 0.001, "clip_grad_norm": 1.0}
    training |= {"scheduling": "plateau", "normalization": "tokens", "shuffle": False}
    return {
        "name": "benchmark",
        "model_dir": str(folder / "joey"),
        "use_cuda": False,
        "data": data_settings(folder, min_count=2, longest=-1),
        "training": {**training, "batch_size": batch, "batch_type": "sentence"},
        "testing": {"batch_size": batch, "eval_metrics": []},
        "model": model_settings(),
    }


def train_manager(kind: type[TrainManager], args: Any, model: Any) -> TrainManager:
    """RETURNS (TrainManager): As its `train` command makes it."""
    return kind(
        rank=0,
        model=model,
        model_dir=args.model_dir,
        device=args.device,
        n_gpu=0,
        num_workers=0,
        autocast=args.autocast,
        seed=args.seed,
        train_args=args.train,
        dev_args=args.test,
    )


def train(folder: Path, batch: int, few: int, steps: int) -> dict[str, float]:
    """Its own training step over the batches of a text, in its order.

    RETURNS (Dict[str, float]): Tokens and seconds of the steps that count, the loss in nats a
        token, and the words of both vocabularies.
    """
    (folder / "joey").mkdir(exist_ok=True)
    args = parse_global_args(settings(folder, batch), rank=0, mode="train")
    model, data, _, _ = prepare(args, rank=0, mode="train")
    manager = train_manager(TrainManager, args, model)
    batches = data.make_iter(
        batch_size=batch,
        batch_type="sentence",
        seed=args.seed,
        shuffle=False,
        eos_index=model.eos_index,
        pad_index=model.pad_index,
    )
    began, tokens, losses = 0.0, 0, []
    model.train()
    model.zero_grad()
    for step, one in enumerate(batches):
        if step == few:
            began = time.perf_counter()
        if step == few + steps:
            break
        # As in TrainManager.train_and_validate.
        loss, _ = manager._train_step(one)
        manager.clip_grad_fun(parameters=model.parameters())
        manager.optimizer.step()
        model.zero_grad()
        if step >= few:
            tokens += one.ntokens
            losses.append(loss * one.ntokens)
    seconds = time.perf_counter() - began
    words = {"source_words": len(model.src_vocab), "target_words": len(model.trg_vocab)}
    return {"tokens": tokens, "seconds": seconds, "loss": math.fsum(losses) / tokens, **words}


def decode(folder: Path, batch: int, width: int, alpha: float) -> dict[str, Any]:
    """Translate `test.src` with the weights of `weights.npz`, whose names are its own.

    alpha (float): Of GNMT's length penalty.
    RETURNS (Dict[str, Any]): Sentences, seconds, and the translations.
    """
    args = parse_global_args(settings(folder, batch), rank=0, mode="test")
    source_words, target_words, _, _, data = load_data(args.data, datasets=["test"])
    model = build_model(args.model, src_vocab=source_words, trg_vocab=target_words)
    with numpy.load(folder / "weights.npz") as weights:
        state = {name: torch.from_numpy(array) for name, array in weights.items()}
    # Ours has a bias before the softmax.
    model.decoder.output_layer = torch.nn.Linear(DECODER, len(target_words))
    model.load_state_dict(state)
    search = args.test._replace(beam_size=width, beam_alpha=alpha)

    def translate() -> list[str]:
        _, _, found, _, _, _ = predict(
            model=model,
            data=data,
            device=args.device,
            n_gpu=0,
            normalization="none",
            args=search,
            autocast=args.autocast,
        )
        return found

    few, data.data = data.data, {name: lines[:batch] for name, lines in data.data.items()}
    data.reset_indices()
    translate()  # does not count
    data.data = few
    data.reset_indices()
    began = time.perf_counter()
    found = translate()
    seconds = time.perf_counter() - began
    return {"sentences": len(found), "seconds": seconds, "translations": found}


class WatchedTraining(TrainManager):
    """Notes the seconds at each validation."""

    def watch(self, began: float) -> None:
        """Begin to note, from that time on."""
        self.began, self.seen = began, []

    def _validate(self, valid_data: Any) -> None:
        super()._validate(valid_data)
        line = (self.model_dir / "validations.txt").read_text(encoding="utf-8").splitlines()[-1]
        fields = dict(part.split(": ") for part in line.split("\t") if ": " in part)
        self.seen.append(
            {
                "steps": self.stats.steps,
                "seconds": time.perf_counter() - self.began,
                "bleu": float(fields["bleu"]),
                "exact": float(fields["sequence_accuracy"]),
            }
        )


def reverse(folder: Path, epochs: int) -> dict[str, Any]:
    """Its own test task with its own settings (configs/rnn_reverse.yaml).

    RETURNS (Dict[str, Any]): What it validated, and after how many seconds.
    """
    chosen = settings(folder, 10)
    chosen["data"] = data_settings(folder, min_count=0, longest=25)
    chosen["training"] |= {
        "normalization": "batch",
        "shuffle": True,
        "learning_rate_min": 0.0002,
        "patience": 5,
        "decrease_factor": 0.5,
        "early_stopping_metric": "bleu",
        "epochs": epochs,
        "validation_freq": 1000,
        "logging_freq": 100,
        "print_valid_sents": [],
        "keep_best_ckpts": 2,
    }
    chosen["testing"] = {
        "batch_size": 10,
        "beam_size": 1,
        "max_output_length": 30,
        "eval_metrics": ["bleu", "sequence_accuracy"],
    }
    widths = {"embedding": 16, "encoder": 64, "decoder": 64}
    chosen["model"] = {
        **model_settings(cell="lstm", dropout=0.1, init_hidden="zero", **widths),
        "embed_initializer": "normal",
        "embed_init_weight": 0.1,
        "lstm_forget_gate": 0.0,
    }
    (folder / "joey").mkdir(exist_ok=True)
    args = parse_global_args(chosen, rank=0, mode="train")
    model, data, dev, _ = prepare(args, rank=0, mode="train")
    manager = train_manager(WatchedTraining, args, model)
    manager.watch(time.perf_counter())
    manager.train_and_validate(train_data=data, valid_data=dev)
    return {"validations": manager.seen, "seconds": time.perf_counter() - manager.began}


def main() -> None:
    """Measure one thing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    options = {
        "train": {"batch": 64, "few": 5, "steps": 50},
        "decode": {"batch": 64, "width": 5, "alpha": 1.0},
        "reverse": {"epochs": 1},
    }
    parser.add_argument("what", choices=options)
    for name, value in {key: v for one in options.values() for key, v in one.items()}.items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    given = {name: getattr(args, name) for name in options[args.what]}
    found = {"train": train, "decode": decode, "reverse": reverse}[args.what](args.folder, **given)
    found["versions"] = {"joeynmt": joeynmt.__version__, "torch": torch.__version__}
    args.output.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()

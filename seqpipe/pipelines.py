"""What every command that runs a model does first: choose a device, load a pipeline, read data."""

from __future__ import annotations

import io
import warnings
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from seqpipe.files import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.training import Example

Component = TypeVar("Component")

# A corpus of several files, and one of the same in a single file.
PARALLEL, TABLE = "seqpipe.ParallelCorpus.v1", "seqpipe.PairedTexts.v1"
JOINED = "seqpipe.JoinedCorpora.v1"
DOCBIN = {"@readers": "spacy.Corpus.v1", "gold_preproc": False}


def choose_device(gpu_id: int) -> None:
    """Switch to a GPU, if one is asked for.

    gpu_id (int): Its number, or -1 for the CPU.
    RAISES (InputError): If there is no such GPU, or no CuPy to reach it with.
    """
    if gpu_id < 0:
        return
    from thinc.api import require_gpu
    from thinc.compat import has_cupy

    option = f"--gpu-id {gpu_id}"
    if not has_cupy:
        raise InputError(f"{option}: CuPy is not installed (for CUDA 12: pip install cupy-cuda12x)")
    try:
        require_gpu(gpu_id)
    except Exception as error:
        # CuPy's and CUDA's own errors share no base class with each other.
        raise InputError(f"{option}: no such GPU can be used ({error})") from error


def load_pipeline(path: str | Path) -> Language:
    """Load a saved pipeline, and say which of its files is missing or damaged if that fails.

    path: Its folder, or the name of an installed pipeline package.
    RETURNS (Language): The pipeline.
    RAISES (InputError): If the folder or a file in it is missing or cut short.
    """
    import spacy
    from spacy.util import is_package

    folder = Path(path)
    if not folder.exists() and is_package(str(path)):
        return spacy.load(str(path))
    _check_folder(folder)
    try:
        nlp = spacy.load(folder)
    except Exception as error:
        # Damage comes up as any exception at all, of msgpack, srsly, numpy or the component.
        raise InputError(_diagnose(folder, error)) from error
    _check_components(folder, nlp)
    return nlp


def read_examples(nlp: Language, data: str | Path) -> list[Example]:
    """Read a corpus as the pipeline's own development corpus was read.

    nlp (Language): A trained pipeline; its config has the reader.
    data: The corpus: a `.spacy` file, or whatever that reader takes. Where it takes files that
        belong together line by line, a `.tsv` table of them: source, tab, reference, and as many
        more references as it takes. Where it joins corpora, a file whose name ends as that of just
        one of them, whose reader is then taken.
    RETURNS (List[Example]): All of its examples.
    RAISES (InputError): If it is missing, empty or not for that reader.
    """
    path = Path(data)
    if not path.exists():
        raise InputError("no such file or folder", path=path)
    is_docbin = path.suffix == ".spacy"
    examples = _read_docbin(nlp, DOCBIN, path) if is_docbin else _read_own(nlp, path)
    if not any(len(eg.reference) for eg in examples):
        raise InputError("no sentence in it, expected at least one", path=path)
    return examples


def check_text(text: str, which: str) -> None:
    """Refuse a text from the command line in which nothing stands.

    text (str): The text.
    which (str): What to call it.
    RAISES (InputError): If it has no word, or is not UTF-8.
    """
    if not text.strip():
        raise InputError(f"{which} is empty, expected words")
    try:
        text.encode()
    except UnicodeEncodeError:
        # What the command line gives in another encoding comes in as lone surrogates.
        raise InputError(f"{which} is not UTF-8") from None


def check_texts(texts: Sequence[str]) -> None:
    """Refuse texts from the command line, if in one of them nothing stands.

    texts (Sequence[str]): The texts.
    RAISES (InputError): See `check_text`.
    """
    for number, text in enumerate(texts, start=1):
        check_text(text, f"text {number} of {len(texts)}" if len(texts) > 1 else "the text")


def check_replaceable(path: str | Path) -> None:
    """Refuse to write a pipeline over anything that is not one.

    path: Where the pipeline will be written.
    RAISES (InputError): If a file stands there, or a folder of something else.
    """
    folder = Path(path)
    if folder.exists() and not folder.is_dir():
        raise InputError("a file stands there, expected a folder for the pipeline", path=path)
    if folder.exists() and folder.samefile(Path.cwd()):
        raise InputError("this is the current folder, expected one of its own", path=path)
    is_pipeline = (folder / "config.cfg").is_file() and (folder / "meta.json").is_file()
    if folder.is_dir() and any(folder.iterdir()) and not is_pipeline:
        raise InputError("this folder holds something else than a pipeline", path=path)


def only_component(
    nlp: Language, kind: type[Component], called: str, *, name: str = "", path: Path | None = None
) -> Component:
    """The component of a kind in a pipeline: of a name, or the only one.

    nlp (Language): The pipeline.
    kind (Type): Its class.
    called (str): What users call it, such as "rnn_ner".
    name (str): Its name, or nothing.
    path (Optional[Path]): Where the pipeline comes from, for the message.
    RETURNS (Component): The component.
    RAISES (InputError): If there is none, or more than one and no name.
    """
    found = {key: pipe for key, pipe in nlp.components if isinstance(pipe, kind)}
    if name:
        found = {key: pipe for key, pipe in found.items() if key == name}
    if len(found) != 1:
        names = [key for key, _ in nlp.components]
        wanted = f"an {called} named {name!r}" if name else f"one {called} (or --component NAME)"
        raise InputError(f"expected {wanted} among its components {names}", path=path)
    return next(iter(found.values()))


def run_before(nlp: Language, component: Any, docs: Iterable[Doc]) -> Iterator[Doc]:
    """Run the components that stand before one over docs: what it would be given.

    nlp (Language): The pipeline.
    component: One of its components.
    docs (Iterable[Doc]): Docs, which are changed.
    YIELDS (Doc): Each of them.
    """
    earlier = list(takewhile(lambda pair: pair[1] is not component, nlp.pipeline))
    for doc in docs:
        for _, pipe in earlier:
            doc = pipe(doc)
        yield doc


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        found = "a file" if folder.exists() else "no such folder"
        raise InputError(f"{found}, expected the folder of a saved pipeline", path=folder)
    for name in ("config.cfg", "meta.json"):
        if not (folder / name).is_file():
            best = folder / "model-best"
            hint = f"; did you mean {best}?" if (best / name).is_file() else ""
            raise InputError(f"no {name} in this folder, so no saved pipeline{hint}", path=folder)
    if not (folder / "vocab" / "strings.json").is_file():
        # spaCy would load it all the same, and fail at the first label it looks up.
        raise InputError("vocab/strings.json is missing from this pipeline", path=folder)


def _check_components(folder: Path, nlp: Language) -> None:
    """Find what spaCy does not miss: without its cfg a text classifier just has no labels."""
    from spacy.pipeline import TrainablePipe

    for name, pipe in nlp.components:
        # What other packages' components write is theirs to know.
        is_known = isinstance(pipe, TrainablePipe) and type(pipe).__module__.startswith("spacy.")
        if is_known and not (folder / name / "cfg").is_file():
            raise InputError(f"{name}/cfg is missing from this pipeline", path=folder)


def _diagnose(folder: Path, error: Exception) -> str:
    """RETURNS (str): Which file of a folder that does not load is at fault, if one can see it."""
    missing = getattr(error, "filename", None)
    if isinstance(error, FileNotFoundError) and missing:
        inside = Path(missing)
        name = inside.relative_to(folder) if inside.is_relative_to(folder) else inside
        return f"{folder}: {name} is missing from this pipeline"
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        if not _is_sound(file):
            state = "damaged or cut short" if file.stat().st_size else "empty"
            return f"{folder}: {file.relative_to(folder)} is {state}"
    for model in sorted(folder.glob("*/model")):
        if not model.with_name("cfg").exists():
            return f"{folder}: {model.parent.name}/cfg is missing from this pipeline"
    return f"{folder}: the pipeline does not load: {' '.join(str(error).split())}"


def _is_sound(file: Path) -> bool:
    """RETURNS (bool): Whether a pipeline's file can be read as what its name says it is."""
    import numpy
    import srsly
    from thinc.api import Config

    read: Any = None
    if file.name == "config.cfg":
        read = [lambda data: Config().from_bytes(data, interpolate=False)]
    elif file.name == "vectors":
        read = [lambda data: numpy.load(io.BytesIO(data), allow_pickle=False)]
    elif file.suffix == ".jsonl":
        return all(_can_read(line, [srsly.json_loads]) for line in file.open("rb") if line.strip())
    elif file.suffix in ("", ".cfg", ".json", ".bin"):
        read = [srsly.json_loads, srsly.msgpack_loads]
    # Even nothing at all is a byte or two in these formats.
    return read is None or (file.stat().st_size > 0 and _can_read(file.read_bytes(), read))


def _can_read(data: bytes, readers: list[Any]) -> bool:
    for read in readers:
        try:
            read(data)
        except Exception:
            # Each format has exceptions of its own for what is cut short.
            continue
        return True
    return False


def _read_docbin(nlp: Language, reader: dict[str, Any], file: Path) -> list[Example]:
    """RETURNS (List[Example]): Those of a `.spacy` file.

    nlp (Language): The pipeline.
    reader (Dict[str, Any]): A block of spaCy's reader for such files.
    file (Path): The file.
    RAISES (InputError): If it is damaged.
    """
    from spacy.util import registry

    read = registry.resolve({"reader": {**reader, "path": str(file)}})["reader"]
    try:
        return list(read(nlp))
    except Exception as error:
        # A damaged DocBin shows as an error of zlib, msgpack or numpy.
        raise InputError(f"not a sound .spacy file ({error})", path=file) from error


def _read_docbins(nlp: Language, reader: dict[str, Any], folder: Path) -> list[Example]:
    """RETURNS (List[Example]): Those of all `.spacy` files of a folder. See `_read_docbin`."""
    from spacy.training.corpus import walk_corpus

    with warnings.catch_warnings():
        # Of a folder without such files, W090: told below.
        warnings.simplefilter("ignore")
        files = walk_corpus(folder, ".spacy")
    if not files:
        raise InputError("no .spacy file in this folder, expected at least one", path=folder)
    return [eg for file in files for eg in _read_docbin(nlp, reader, Path(file))]


def _read_own(nlp: Language, path: Path) -> list[Example]:
    """RETURNS (List[Example]): Those of a corpus for the reader of the pipeline's own config.

    nlp (Language): The pipeline.
    path (Path): The corpus.
    RAISES (InputError): If it is not for that reader.
    """
    from spacy.util import registry

    config = nlp.config.interpolate()
    name = config.get("training", {}).get("dev_corpus") or "corpora.dev"
    block: Any = config
    for part in name.split("."):
        block = block.get(part, {}) if isinstance(block, dict) else {}
    if block.get("@readers") == JOINED:
        name, block = _alike(block, name, path)
    if block.get("@readers") == PARALLEL:
        block = _as_table(block, name, path)
    if "path" not in block:
        message = f"the pipeline's config has no [{name}] with a path to put this in place of"
        raise InputError(message, path=path)
    # The development corpus may have been cut short to save time: here all of it counts.
    whole = {**block, "path": str(path)}
    if "limit" in whole:
        whole["limit"] = 0
    if block.get("@readers", "").startswith("spacy.Corpus."):
        if path.is_dir():
            return _read_docbins(nlp, whole, path)
        message = "this pipeline was trained on .spacy files, expected one (spacy convert makes it)"
        raise InputError(message, path=path)
    return list(registry.resolve({"reader": whole})["reader"](nlp))


def _alike(joined: dict[str, Any], name: str, path: Path) -> tuple[str, dict[str, Any]]:
    """Find the corpus among joined ones that is of a file's kind.

    joined (Dict[str, Any]): The block that joins them.
    name (str): Of that block.
    path (Path): The file.
    RETURNS (Tuple[str, Dict[str, Any]]): The name of the block that reads such files, and it.
    RAISES (InputError): If there is none, or more than one.
    """
    parts = {key: block for key, block in joined.get("*", {}).items() if block.get("path")}
    endings = {key: _ending(Path(block["path"])) for key, block in parts.items()}
    found = [key for key, ending in endings.items() if ending == _ending(path)]
    if len(found) != 1:
        known = ", ".join(f"{key} ({ending or 'a folder'})" for key, ending in endings.items())
        raise InputError(
            f"[{name}] of this pipeline joins corpora; expected a file whose name ends as that of "
            f"just one of them: {known}; or a .spacy file",
            path=path,
        )
    return f"{name}.*.{found[0]}", parts[found[0]]


def _ending(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix


def _as_table(block: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): What reads in one file what a block of a config reads in several.

    block (Dict[str, Any]): The block.
    name (str): Of the block, for the message.
    path (Path): The file.
    RAISES (InputError): If it is none.
    """
    if not path.name.endswith((".tsv", ".tsv.gz")):
        raise InputError(
            f"[{name}] of this pipeline reads a file of sources and others of references; expected "
            "a .tsv table (source, tab, reference) or a .spacy file in their place. For two files: "
            "seqpipe translation translate, then seqpipe bleu",
            path=path,
        )
    targets = block["targets"]
    references = len(targets) if isinstance(targets, list) else 1
    table: dict[str, Any] = {key: block[key] for key in ("empty", "max_length") if key in block}
    return table | {"@readers": TABLE, "path": None, "targets": [*range(1, references + 1)]}

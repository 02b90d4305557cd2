"""Shows what one doc holds of a text: entities with their confidence, stars, and how surprising
each token is. Of seqpipe it imports what makes its faults polite: spaCy finds the rest."""

from pathlib import Path
from typing import Annotated, Any

import typer

from seqpipe.cli.script import run_script
from seqpipe.files import InputError

BAR = 2.0  # bits a sign


def entities(doc: Any) -> str:
    """RETURNS (str): The entities, each with its label and the probability that it is one."""
    found = [f"{ent.text} ({ent.label_} {ent._.confidence:.2f})" for ent in doc.ents]
    return ", ".join(found) or "none"


def stars(doc: Any) -> str:
    """RETURNS (str): The most probable number of stars, and the expected one."""
    best = max(doc.cats, key=doc.cats.__getitem__)
    return f"{best} ({doc.cats[best]:.2f}), expected {doc._.stars:.1f}"


def surprisals(doc: Any) -> str:
    """RETURNS (str): A line for each token: its surprisal as number and bar; ? if it is unknown."""
    width = max(len(token.text) for token in doc)
    return "\n".join(
        f"  {token.text:{width}} {'?' if token._.is_unk else ' '} {token._.surprisal:5.1f} "
        + "#" * round(token._.surprisal / BAR)
        for token in doc
        if token._.surprisal is not None
    )


def main(
    model: Annotated[str, typer.Argument(help="A saved pipeline, or the name of a package.")],
    text: Annotated[str, typer.Argument(help="The text.")],
) -> None:
    """Print entities, stars and surprisal of a text."""
    import spacy

    if not text.strip():
        raise InputError("the text is empty, expected words")
    try:
        nlp = spacy.load(model)
    except OSError as error:
        raise InputError(
            "expected a saved pipeline, or an installed one", path=Path(model)
        ) from error
    doc = nlp(text)
    typer.echo(f"entities: {entities(doc)}")
    typer.echo(f"stars: {stars(doc)}")
    typer.echo(f"surprisal in bits, perplexity {doc._.perplexity:.0f}:\n{surprisals(doc)}")


if __name__ == "__main__":
    run_script(main)

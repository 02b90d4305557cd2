"""`seqpipe embeddings train`: learn word vectors from text files."""

# No future import of annotations: Typer reads these.
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from seqpipe import command_options as asked

# Where the settings of the objective are kept that the command line has.
OPTIONS = "seqpipe.objective"


class ObjectiveCommand(TyperCommand):
    """A command that takes any `--name value` for a setting of the objective."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the objective's settings aside, then read the other options as click does.

        ctx (click.Context): Its `meta` holds the settings then.
        args (List[str]): The words of the line after the command.
        RETURNS (List[str]): Words that nothing took.
        """
        from seqpipe.embeddings.options import split_options

        declared = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        args, ctx.meta[OPTIONS] = split_options(args, declared)
        return super().parse_args(ctx, args)


def train(
    context: typer.Context,
    text: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Text files, plain or gzip, a sentence or document a line.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder for the pipeline.", show_default=False),
    ],
    objective: Annotated[
        str, typer.Option(help="skip-gram, cbow, glove, neural-lm, or a registered name.")
    ] = "skip-gram",
    width: Annotated[int, typer.Option(min=1, help="Dimension of the vectors.")] = 100,
    epochs: Annotated[int, typer.Option(min=1, help="How often the text is read.")] = 5,
    min_count: Annotated[
        int, typer.Option(min=1, help="A word that stands less often has no vector.")
    ] = 5,
    max_vocabulary: Annotated[
        int | None, typer.Option(min=1, help="The most frequent words alone, so many.")
    ] = None,
    lang: asked.Language = "en",
    tokenizer: asked.TokenizerOption = asked.Tokenizer.PIPELINE,
    lower: Annotated[bool, typer.Option("--lower", help="Lower-case the text.")] = False,
    phrases: Annotated[
        bool, typer.Option("--phrases", help="Join collocations to one word: new_york.")
    ] = False,
    subwords: Annotated[
        bool, typer.Option("--subwords", help="Vectors of n-grams, so that any word has one.")
    ] = False,
    threads: Annotated[
        int, typer.Option(min=1, help="With one, the same seed gives the same bytes.")
    ] = 1,
    seed: Annotated[
        int, typer.Option(min=0, max=2**63 - 1, help="For all that is drawn at random.")
    ] = 0,
    begin_with: Annotated[
        Path | None,
        typer.Option(help="A pipeline to whose vectors the text is added.", show_default=False),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint, if there is one.")
    ] = False,
    checkpoint_seconds: Annotated[
        float, typer.Option(min=0.0, help="Seconds between two checkpoints.")
    ] = 60.0,
) -> None:
    """Learn word vectors from text files, and save them as a pipeline.

    Any setting of the objective can be given as an option: --window 10 --negatives 15.
    Ctrl-C keeps what was learned; --resume goes on.
    """
    import sys

    from seqpipe.embeddings.options import learner_options
    from seqpipe.embeddings.train import TrainingPlan, train_vectors
    from seqpipe.pipelines import check_replaceable

    check_replaceable(output)
    config = {
        "width": width,
        "epochs": epochs,
        "min_count": min_count,
        "max_vocabulary": max_vocabulary,
        "lower": lower,
        "threads": threads,
        "seed": seed,
        **learner_options(objective, context.meta[OPTIONS], phrases=phrases, subwords=subwords),
    }
    plan = TrainingPlan(
        text, output, lang, config, tokenizer.value, begin_with, resume, checkpoint_seconds
    )
    if not train_vectors(plan, sys.stdout, sys.stderr):
        raise typer.Exit(130)

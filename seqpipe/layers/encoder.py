"""The recurrent layers as spaCy's encoder: `[components.tok2vec.model.encode]` of any pipeline."""

# No future import of annotations: confection reads these.
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d

from .recurrent import Recurrent


@registry.architectures("seqpipe.RNNEncoder.v1")
def RNNEncoder(
    width: int,
    depth: int = 1,
    cell: str = "lstm",
    bi: bool = True,
    residual: bool = False,
    layer_norm: bool = False,
    dropout_per: str = "sequence",
) -> Model[list[Floats2d], list[Floats2d]]:
    """A BiLSTM, BiGRU or any other recurrent network in place of `spacy.MaxoutWindowEncoder.v2`.

    width (int): Width of the output; with two directions each has half of it. It is the width that
        listeners give. The input may have another.
    depth (int): Levels.
    cell (str): "rnn", "gru" or "lstm".
    bi (bool): Two directions.
    residual (bool): Each level above the first adds its input to its output.
    layer_norm (bool): Normalise inside the cell.
    dropout_per (str): Between levels there is dropout at the rate of `[training] dropout`, with one
        mask a "sequence" or one for each "element".
    RETURNS (Model): From a list of arrays `(tokens, nI)` to one of `(tokens, width)`.
    RAISES (ValueError): If the width is below 1, or odd for two directions.
    """
    if width < 1 or (bi and width % 2):
        raise ValueError(f"width = {width}: expected at least 1, and even for two directions")
    return Recurrent(
        cell,
        width,
        bi=bi,
        depth=depth,
        residual=residual,
        layer_norm=layer_norm,
        dropout_per=dropout_per,
    )

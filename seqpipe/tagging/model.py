"""The recurrent tagger: token vectors, an encoder over them, a score for each tag, a head."""

from typing import Any

from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Linear, Model, chain
from thinc.types import Floats2d

from seqpipe.layers.dropout import packed_dropout
from seqpipe.layers.packed import Packed, list2packed, on_rows
from seqpipe.layers.potentials import Potentials


@registry.architectures("seqpipe.RNNTagger.v1")
def RNNTagger(
    tok2vec: Model[list[Doc], list[Floats2d]],
    encoder: Model[Any, Any],
    head: Model[Packed, Potentials],
) -> Model[list[Doc], Potentials]:
    """A tagger of the kind of Lample et al. 2016 and Ma & Hovy 2016.

    tok2vec (Model): A vector for each token: `seqpipe.WordFeatures.v1`, or a listener to a shared
        `tok2vec` or transformer.
    encoder (Model): Over packed sequences: `seqpipe.LSTM.v1`, or any `seqpipe.Recurrent.v1`.
    head (Model): `seqpipe.CRF.v1` or `seqpipe.TokenSoftmax.v1`.
    RETURNS (Model): From docs to the potentials of their tags. Before and after the encoder there
        is dropout, one mask a sequence, at the rate of `[training] dropout`.
    RAISES (ValueError): If the encoder takes or gives a state.
    """
    if encoder.attrs.get("given") or encoder.attrs.get("return_state"):
        raise ValueError("encoder: expected one that neither takes nor returns a state")
    output: Model[Floats2d, Floats2d] = Linear()
    model: Model[Any, Potentials] = chain(
        tok2vec,
        list2packed(),
        packed_dropout(),
        encoder,
        packed_dropout(),
        on_rows(output),
        head,
    )
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("encoder", encoder)
    model.set_ref("output_layer", output)
    model.set_ref("head", head)
    return model

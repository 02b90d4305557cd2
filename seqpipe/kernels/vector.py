"""Floats side by side, as many as a register holds, as a type that kernels compute with.

The compiler turns simple loops over arrays into such vectors by itself, but not reliably, and it
leaves the end of each row to slow single steps. Here `load` and `store` take a count: lanes beyond
it are zero and are not written.

    array, place    float32, flat; the first value that is meant
    value, other    vectors
    context         numba's; whoever calls the function leaves it out
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typeconv import Conversion
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import (
    intrinsic,
    lower_builtin,
    lower_cast,
    models,
    register_model,
)

from .tile import (
    FLOAT,
    INT,
    LONG,
    everywhere,
    first_lanes,
    llvm_function,
    machine_shape,
    place_in,
)

LANES = machine_shape().lanes
VECTOR = ir.VectorType(FLOAT, LANES)
NONE = ir.Constant(VECTOR, [0.0] * LANES)
# As `compile.FAST`.
FLAGS = ("afn", "arcp", "contract", "nsz", "reassoc")


class Lanes(types.Type):
    """So many floats side by side; a single float32 counts as that in every lane."""

    def __init__(self) -> None:
        super().__init__(name=f"float32 x {LANES}")

    def can_convert_from(self, context: Any, other: Any) -> Any:
        return Conversion.safe if other == types.float32 else None


lanes = Lanes()


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, VECTOR)


@lower_cast(types.float32, Lanes)
def _spread(context, builder, source, target, value):
    return everywhere(builder, value, LANES)


def _arithmetic(function: Any, instruction: str) -> None:
    """Let an operator take vectors, or a vector and a float32."""

    @infer_global(function)
    class Operator(AbstractTemplate):
        def generic(self, args, kws):
            if lanes in args and all(arg in (lanes, types.float32) for arg in args):
                return signature(lanes, lanes, lanes)

    @lower_builtin(function, Lanes, Lanes)
    def lower(context, builder, signature, args):
        return getattr(builder, instruction)(*args, flags=FLAGS)


for _function, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _arithmetic(_function, _instruction)


@intrinsic
def load(context, array, place, count):
    """The values from a place on, up to so many."""

    def generate(context, builder, signature, args):
        pointer = _vector_at(context, builder, signature.args[0], *args[:2])
        result = cgutils.alloca_once(builder, VECTOR)
        with builder.if_else(_is_whole(builder, args[2])) as (whole, part):
            with whole:
                builder.store(builder.load(pointer, align=4), result)
            with part:
                mask = first_lanes(builder, args[2], LANES)
                kinds = [pointer.type, INT, mask.type, VECTOR]
                function = llvm_function(builder.module, "masked.load", VECTOR, kinds, pointer=True)
                builder.store(builder.call(function, [pointer, INT(4), mask, NONE]), result)
        return builder.load(result)

    return lanes(array, types.int64, types.int64), generate


@intrinsic
def store(context, array, place, count, value):
    """Write the first so many values from a place on."""

    def generate(context, builder, signature, args):
        pointer = _vector_at(context, builder, signature.args[0], *args[:2])
        with builder.if_else(_is_whole(builder, args[2])) as (whole, part):
            with whole:
                builder.store(args[3], pointer, align=4)
            with part:
                mask = first_lanes(builder, args[2], LANES)
                kinds, nothing = [VECTOR, pointer.type, INT, mask.type], ir.VoidType()
                name = "masked.store"
                function = llvm_function(builder.module, name, nothing, kinds, pointer=True)
                builder.call(function, [args[3], pointer, INT(4), mask])
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64, lanes), generate


def _vector_at(context: Any, builder: Any, kind: Any, array: Any, place: Any) -> Any:
    pointer = place_in(context, builder, kind, array, place)
    return builder.bitcast(pointer, VECTOR.as_pointer())


def _is_whole(builder: Any, count: Any) -> Any:
    """Masked stores are slow to read back, so that only the end of a row pays for one."""
    return builder.icmp_signed(">=", count, LONG(LANES))


@intrinsic
def within(context, value, bound):
    """The values, those beyond ± bound replaced by that; NaN stays."""

    def generate(context, builder, signature, args):
        value, bound = args
        below = everywhere(builder, builder.fneg(bound), LANES)
        above = everywhere(builder, bound, LANES)
        value = builder.select(builder.fcmp_ordered(">", value, above), above, value)
        return builder.select(builder.fcmp_ordered("<", value, below), below, value)

    return lanes(lanes, types.float32), generate


@intrinsic
def where_positive(context, value, other):
    """The other value where this one is greater than 0; elsewhere 0, or NaN where this one is."""

    def generate(context, builder, signature, args):
        value, other = args
        not_positive = builder.select(builder.fcmp_unordered("uno", value, value), value, NONE)
        return builder.select(builder.fcmp_ordered(">", value, NONE), other, not_positive)

    return lanes(lanes, lanes), generate


@intrinsic
def zeros(context):
    """0 in every lane."""

    def generate(context, builder, signature, args):
        return NONE

    return lanes(), generate


@intrinsic
def among(context, value, count):
    """The first so many lanes, 0 in the others."""

    def generate(context, builder, signature, args):
        value, count = args
        return builder.select(first_lanes(builder, count, LANES), value, NONE)

    return lanes(lanes, types.int64), generate


@intrinsic
def total_of(context, value):
    """The sum of all lanes."""

    def generate(context, builder, signature, args):
        (value,) = args
        size = LANES
        while size > 1:
            size //= 2
            upper = [size + i if i < size else i for i in range(LANES)]
            mask = ir.Constant(ir.VectorType(INT, LANES), upper)
            shifted = builder.shuffle_vector(value, ir.Constant(VECTOR, ir.Undefined), mask)
            value = builder.fadd(value, shifted)
        return builder.extract_element(value, INT(0))

    return types.float32(lanes), generate


@intrinsic
def prefetch(context, array, place):
    """Ask for the cache line at a place, which will be written to soon."""

    def generate(context, builder, signature, args):
        pointer = place_in(context, builder, signature.args[0], *args)
        pointer = builder.bitcast(pointer, ir.IntType(8).as_pointer())
        kinds = [pointer.type, INT, INT, INT]
        name = "llvm.prefetch.p0"
        function = builder.module.globals.get(name) or ir.Function(
            builder.module, ir.FunctionType(ir.VoidType(), kinds), name
        )
        builder.call(function, [pointer, INT(0), INT(3), INT(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate

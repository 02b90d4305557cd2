"""The innermost loop of a matrix product, written for the machine's vector registers.

C += A B for a few rows of A and a few vectors of columns of B: all of C's tile stays in registers
while the loop runs over the inner dimension (Goto & van de Geijn 2008, section 6). numba's own
loops do not come out so, hence LLVM's instructions here; LLVM fits them to the machine.

`context`, `builder`, `module`, `kind`, `kinds` and `result` are numba's and LLVM's: typing context,
instruction builder, module, and types of arguments and of what comes back. `lanes` is how many
floats a vector has, `count` an LLVM integer.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.registry import cpu_target
from numba.extending import intrinsic

FLOAT, INT, LONG = ir.FloatType(), ir.IntType(32), ir.IntType(64)
POINTER = FLOAT.as_pointer()


@dataclass(frozen=True)
class TileShape:
    """How large a tile of C is: `rows` rows of `vectors` vectors of `lanes` floats."""

    lanes: int
    rows: int
    vectors: int


def machine_shape() -> TileShape:
    """RETURNS (TileShape): The largest that the machine's registers hold, with room for A and B."""
    features = cpu_target.target_context.codegen().magic_tuple()[2].split(",")
    if "+avx512f" in features:  # 32 registers of 16 floats
        return TileShape(16, 6, 4)
    if "+avx2" in features:  # 16 registers of 8 floats
        return TileShape(8, 6, 2)
    return TileShape(4, 6, 4) if "+neon" in features else TileShape(4, 6, 2)


def make_tile(shape: TileShape) -> Any:
    """The function `tile` for tiles up to a shape.

    RETURNS (Callable): For use inside kernels, over arrays of float32 in C order:
        `tile(m, v, A, a, row_step, step, B, b, I, i, I_step, C, c, C_step, K, last)` writes to m
        rows of C, which begin at place c and lie C_step apart, what stands in I (in like manner)
        plus the product of m rows of A (which begin at place a and lie row_step apart, their K
        values step apart, K > 0) and of v vectors of B (which begins at place b, `(K, v lanes)` in
        C order). Of the last vector only the first `last` lanes are C's.
    """

    @intrinsic
    def tile(
        context, m, v, A, a, row_step, step, B, b, I, i, I_step, C, c, C_step, K, last
    ):  # numba reads the names
        n = types.int64
        signature = types.void(n, n, A, n, n, n, B, n, I, n, n, C, n, n, n, n)

        def generate(context, builder, signature, args):
            m, v, A, a, row_step, step, B, b, I, i, I_step, C, c, C_step, K, last = args
            A, B, I, C = (
                place_in(context, builder, signature.args[number], array, place)
                for number, array, place in ((2, A, a), (6, B, b), (8, I, i), (11, C, c))
            )
            arguments = [A, row_step, step, B, I, I_step, C, C_step, K, last]
            _choose(builder, shape, m, v, arguments)
            return context.get_dummy_value()

        return signature, generate

    return tile


def make_move(lanes: int) -> Any:
    """The function `move(source, s, target, t)`: copies so many floats from place to place."""
    vector = ir.VectorType(FLOAT, lanes).as_pointer()

    @intrinsic
    def move(context, source, s, target, t):
        i = types.int64
        signature = types.void(source, i, target, i)

        def generate(context, builder, signature, args):
            source, s, target, t = args
            pointers = (
                place_in(context, builder, signature.args[0], source, s),
                place_in(context, builder, signature.args[2], target, t),
            )
            here, there = (builder.bitcast(pointer, vector) for pointer in pointers)
            builder.store(builder.load(here, align=4), there, align=4)
            return context.get_dummy_value()

        return signature, generate

    return move


def make_transpose(lanes: int) -> Any:
    """The function `transpose(source, s, s_step, target, t, t_step)`: transposes a square block.

    It has as many rows as columns, `lanes`; rows lie a step apart.
    """
    vector = ir.VectorType(FLOAT, lanes)

    @intrinsic
    def transpose(context, source, s, s_step, target, t, t_step):
        i = types.int64
        signature = types.void(source, i, i, target, i, i)

        def generate(context, builder, signature, args):
            source, s, s_step, target, t, t_step = args
            here = place_in(context, builder, signature.args[0], source, s)
            there = place_in(context, builder, signature.args[3], target, t)
            rows = [
                builder.load(_row(builder, here, s_step, i, vector), align=4) for i in range(lanes)
            ]
            for i, row in enumerate(_transposed(builder, rows)):
                builder.store(row, _row(builder, there, t_step, i, vector), align=4)
            return context.get_dummy_value()

        return signature, generate

    return transpose


def _row(builder: Any, start: Any, step: Any, i: int, vector: Any) -> Any:
    """A pointer to the vector that begins i steps further."""
    return builder.bitcast(builder.gep(start, [builder.mul(step, LONG(i))]), vector.as_pointer())


def _transposed(builder: Any, rows: list[Any]) -> list[Any]:
    """Rows that have become columns: blocks of 2, 4, ... change sides across the diagonal."""
    lanes = len(rows)
    size = 1
    while size < lanes:
        upper = [i + lanes - size if i & size else i for i in range(lanes)]
        lower = [i + lanes if i & size else i + size for i in range(lanes)]
        masks = [ir.Constant(ir.VectorType(INT, lanes), mask) for mask in (upper, lower)]
        for i in range(lanes):
            if not i & size:
                pair = rows[i], rows[i + size]
                rows[i], rows[i + size] = (builder.shuffle_vector(*pair, mask) for mask in masks)
        size *= 2
    return rows


def place_in(context: Any, builder: Any, kind: Any, array: Any, place: Any) -> Any:
    """A pointer to a place in an array, counted in floats."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.gep(builder.bitcast(data, POINTER), [place])


def _choose(builder: Any, shape: TileShape, m: Any, v: Any, args: list[Any]) -> None:
    """Call the loop for m rows and v vectors."""
    end = builder.append_basic_block("tile_end")
    case = builder.add(builder.mul(m, LONG(shape.vectors + 1)), v)
    switch = builder.switch(case, end)
    for rows in range(1, shape.rows + 1):
        for vectors in range(1, shape.vectors + 1):
            block = builder.append_basic_block(f"tile_{rows}_{vectors}")
            switch.add_case(LONG(rows * (shape.vectors + 1) + vectors), block)
            builder.position_at_end(block)
            one = TileShape(shape.lanes, rows, vectors)
            builder.call(_loop(builder.module, one), args)
            builder.branch(end)
    builder.position_at_end(end)


def _loop(module: Any, shape: TileShape) -> Any:
    """The loop for one number of rows and vectors, a function in LLVM's instructions."""
    name = f"seqpipe_tile_{shape.lanes}_{shape.rows}_{shape.vectors}"
    if name in module.globals:
        return module.globals[name]
    arguments = [*(POINTER, LONG, LONG), POINTER, *(POINTER, LONG) * 2, LONG, LONG]
    kind = ir.FunctionType(ir.VoidType(), arguments)
    function = ir.Function(module, kind, name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    _Loop(module, function, shape).write()
    return function


class _Loop:
    """Writes the body of a loop: load what the tile begins with, add the products, store it."""

    def __init__(self, module: Any, function: Any, shape: TileShape) -> None:
        self.module, self.function, self.shape = module, function, shape
        self.vector = ir.VectorType(FLOAT, shape.lanes)
        self.mask = ir.VectorType(ir.IntType(1), shape.lanes)
        self.start = function.append_basic_block("start")
        self.builder = ir.IRBuilder(self.start)

    def write(self) -> None:
        A, row_step, step, B, I, I_step, C, C_step, K, last = self.function.args
        builder, shape, function = self.builder, self.shape, self.function
        loop, end = function.append_basic_block("loop"), function.append_basic_block("end")
        is_column = first_lanes(builder, last, shape.lanes)
        initial, places = self._places(I, I_step), self._places(C, C_step)
        rows = [builder.gep(A, [builder.mul(row_step, LONG(i))]) for i in range(shape.rows)]
        loaded = [[self._load(place, is_column) for place in row] for row in initial]
        builder.branch(loop)

        builder.position_at_end(loop)
        k = builder.phi(LONG)
        sums = [[self._phi(value) for value in row] for row in loaded]
        first = builder.gep(B, [builder.mul(k, LONG(shape.vectors * shape.lanes))])
        columns = [self._load(place) for place in self._vectors(first)]
        added = []
        for row, so_far in zip(rows, sums, strict=True):
            factor = everywhere(
                builder, builder.load(builder.gep(row, [builder.mul(k, step)])), shape.lanes
            )
            added.append([self._add(factor, *pair) for pair in zip(columns, so_far, strict=True)])
        for phi, value in zip(chain(*sums), chain(*added), strict=True):
            phi.add_incoming(value, loop)
        following = builder.add(k, LONG(1))
        k.add_incoming(LONG(0), self.start)
        k.add_incoming(following, loop)
        builder.cbranch(builder.icmp_signed("<", following, K), loop, end)

        builder.position_at_end(end)
        for row, values in zip(places, added, strict=True):
            for place, value in zip(row, values, strict=True):
                self._store(value, place, is_column)
        builder.ret_void()

    def _places(self, C: Any, C_step: Any) -> list[list[tuple[Any, bool]]]:
        """Pointers to the vectors of each row of C."""
        starts = [
            self.builder.gep(C, [self.builder.mul(C_step, LONG(i))]) for i in range(self.shape.rows)
        ]
        return [self._vectors(start, ends=True) for start in starts]

    def _vectors(self, start: Any, *, ends: bool = False) -> list[tuple[Any, bool]]:
        """Pointers to the vectors that follow each other from a place on, and whether each is one
        of which only the first lanes may be touched."""
        last = self.shape.vectors - 1
        return [
            (
                self.builder.bitcast(
                    self.builder.gep(start, [LONG(i * self.shape.lanes)]), self.vector.as_pointer()
                ),
                ends and i == last,
            )
            for i in range(self.shape.vectors)
        ]

    def _load(self, place: tuple[Any, bool], is_column: Any = None) -> Any:
        pointer, is_partial = place
        if is_partial:
            kinds = [pointer.type, INT, self.mask, self.vector]
            load = llvm_function(self.module, "masked.load", self.vector, kinds, pointer=True)
            zeros = ir.Constant(self.vector, [0.0] * self.shape.lanes)
            return self.builder.call(load, [pointer, INT(4), is_column, zeros])
        return self.builder.load(pointer, align=4)

    def _store(self, value: Any, place: tuple[Any, bool], is_column: Any) -> None:
        pointer, is_partial = place
        if is_partial:
            kinds = [self.vector, pointer.type, INT, self.mask]
            store = llvm_function(self.module, "masked.store", ir.VoidType(), kinds, pointer=True)
            self.builder.call(store, [value, pointer, INT(4), is_column])
        else:
            self.builder.store(value, pointer, align=4)

    def _add(self, factor: Any, column: Any, so_far: Any) -> Any:
        add = llvm_function(self.module, "fmuladd", self.vector, [self.vector] * 3)
        return self.builder.call(add, [factor, column, so_far])

    def _phi(self, value: Any) -> Any:
        phi = self.builder.phi(value.type)
        phi.add_incoming(value, self.start)
        return phi


def first_lanes(builder: Any, count: Any, lanes: int) -> Any:
    """Which lanes are among the first so many."""
    numbers = ir.Constant(ir.VectorType(LONG, lanes), list(range(lanes)))
    return builder.icmp_signed("<", numbers, everywhere(builder, count, lanes))


def everywhere(builder: Any, value: Any, lanes: int) -> Any:
    """A vector that holds a value in every lane."""
    undefined = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    zeros = ir.Constant(ir.VectorType(INT, lanes), [0] * lanes)
    first = builder.insert_element(undefined, value, INT(0))
    return builder.shuffle_vector(first, undefined, zeros)


def llvm_function(
    module: Any, name: str, result: Any, kinds: list[Any], *, pointer: bool = False
) -> Any:
    """One of LLVM's own functions over vectors, declared in the module.

    name (str): Without what its vectors add to it, such as "masked.load".
    pointer (bool): Whether its name says that a pointer comes in.
    RETURNS (ir.Function): Declared once.
    """
    lanes = next(kind.count for kind in (result, *kinds) if isinstance(kind, ir.VectorType))
    full = f"llvm.{name}.v{lanes}f32" + (".p0" if pointer else "")
    return module.globals.get(full) or ir.Function(module, ir.FunctionType(result, kinds), full)

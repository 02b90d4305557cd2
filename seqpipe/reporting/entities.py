"""A text with its entities marked in it, right and wrong, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from rich.text import Text
    from spacy.tokens import Span

COLOURS = ("cyan", "green", "yellow", "magenta", "blue")


class Entity(NamedTuple):
    """An entity as characters of a text.

    start, end (int): Its first character, and the one behind it.
    label (str): Its label.
    confidence (Optional[float]): From 0 to 1, if known.
    """

    start: int
    end: int
    label: str
    confidence: float | None = None


def entity_of(ent: Span, offset: int = 0) -> Entity:
    """Turn a spaCy entity into plain data.

    ent (Span): The entity.
    offset (int): Where the text that it is counted in starts, in characters of the doc.
    RETURNS (Entity): Start, end, label and, if the pipeline gives one, confidence.
    """
    confidence = ent._.confidence if ent.has_extension("confidence") else None
    return Entity(ent.start_char - offset, ent.end_char - offset, ent.label_, confidence)


def entity_record(text: str, entity: Entity) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): An entity for JSON: offsets, label, its text, confidence if known.

    text (str): The text that it is in.
    entity (Entity): The entity.
    """
    start, end, label, confidence = entity
    values = {"start": start, "end": end, "label": label, "text": text[start:end]}
    return values if confidence is None else {**values, "confidence": round(confidence, 4)}


def mark_entities(
    text: str,
    entities: Sequence[Entity],
    *,
    gold: Sequence[Entity] | None = None,
    labels: Sequence[str] = (),
    ascii_only: bool = False,
) -> Text:
    """Bracket each entity, label and confidence behind it: `[Mina Okafor](PER 0.98) moved`.

    With gold beside, what is wrong gets a cross and what gold has there, and what was missed is
    marked too: `[Leeds](✗ missed LOC)`.

    text (str): The text.
    entities (Sequence[Entity]): What was predicted.
    gold (Sequence[Entity]): What is right; None if it is not known.
    labels (Sequence[str]): All labels, so that each has one colour from text to text.
    ascii_only (bool): Whether the terminal can show nothing else.
    RETURNS (Text): The text with its marks; its `plain` tells all without colour.
    """
    from rich.text import Text

    cross = "x" if ascii_only else "✗"
    order = list(labels) or sorted({entity.label for entity in entities})
    marks = [(e, *_judge(e, gold, text, cross)) for e in entities]
    marks += [(e, f"{cross} missed {e.label}", False) for e in _missed(entities, gold)]
    result, position = Text(), 0
    for entity, note, right in sorted(marks, key=lambda mark: mark[0][:2]):
        index = order.index(entity.label) if entity.label in order else 0
        style = COLOURS[index % len(COLOURS)]
        # Two marks can lie over each other where a missed entity is nested in nothing of ours.
        start = max(entity.start, position)
        result.append(text[position:start])
        mark_style = style if right else "bold red"
        result.append("[", style=mark_style)
        result.append(text[start : entity.end], style=f"bold {style}")
        result.append(f"]({note})", style=mark_style)
        position = max(entity.end, position)
    result.append(text[position:])
    return result


def is_wrong(entities: Sequence[Entity], gold: Sequence[Entity]) -> bool:
    """RETURNS (bool): Whether predicted and gold entities differ, confidence aside.

    entities, gold (Sequence[Entity]): In the order of the text.
    """
    return {entity[:3] for entity in entities} != {entity[:3] for entity in gold}


def _judge(
    entity: Entity, gold: Sequence[Entity] | None, text: str, cross: str
) -> tuple[str, bool]:
    """RETURNS (Tuple[str, bool]): What stands behind it, and whether the entity is right."""
    note = entity.label
    if entity.confidence is not None:
        note += f" {entity.confidence:.2f}"
    if gold is None or any(entity[:3] == other[:3] for other in gold):
        return note, True
    there = [other for other in gold if _overlap(entity, other)]
    if not there:
        return f"{note} {cross} gold: none", False
    same_span = there[0][:2] == entity[:2]
    right = there[0].label if same_span else f'{there[0].label} "{text[slice(*there[0][:2])]}"'
    return f"{note} {cross} gold: {right}", False


def _missed(entities: Sequence[Entity], gold: Sequence[Entity] | None) -> list[Entity]:
    return [g for g in gold or () if not any(_overlap(g, entity) for entity in entities)]


def _overlap(one: Entity, other: Entity) -> bool:
    return one.start < other.end and other.start < one.end

"""What rendering a template may cost, as its source tells: may it be rendered in the process that sends?

An author's template and a row's cells may ask for anything. What is rendered in that process keeps all
others waiting, and what it takes of memory is missing there; so nothing is rendered in it but what is known
beforehand to be little. All else goes to a worker, which is bounded from outside (`runtime.process`).

For each expression, test and loop there is a rule that says how long its result can be, by the lengths of the
cells that it uses (`expressions`, `passed`). A template's cost is the sum of all that is written while it is
rendered, results that are used and thrown away too, in characters as they are in the message, and of `STEP`
for each step of it; a loop's body counts for each turn. What has no rule is `Unbounded`: a macro, a
namespace, a filter that is not on the white list, whatever calls itself.

So a row's cost is bounded before anything of it is computed: by `MOST`, which is the greatest number of bytes
that may be written for it. The slowest that was found takes 50 ms on one core of 2024 (a name of 200 emoji,
200 times), most take 1 to 5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import itemgetter

import jinja2
from jinja2 import nodes

from sendbatch.campaign.language.amounts import NOTHING, Amount, Unbounded, fixed
from sendbatch.campaign.language.environment import environment
from sendbatch.campaign.language.estimates import ESCAPED, LOOP, Estimate, each, part, text
from sendbatch.campaign.language.expressions import Expressions
from sendbatch.campaign.language.spending import Spending
from sendbatch.campaign.model import Json

MOST = 1_000_000  # characters for one row, all templates of its message together
# Characters of the cells that are used. The rest of a message is two or three thousand, so that a row of more
# is no usual one; and whatever takes longer than it should, by a fault of ours, does so for no more.
LONGEST_ROW = 16 * 1024

# Bytes that a character may become: four, each with three, and soft line breaks. Or it is base64, and by it
# what stands around is longer by a third; there each of its own is less than two.
_WRITTEN = 14
_WRITTEN_ASCII = 2  # of one that is never escaped
_PLAIN = bytes(range(32, 127)).replace(b"=", b"")


class Bound:
    """Which rows may be rendered where mail is sent, for one content."""

    def __init__(self, cost: Amount, columns: Sequence[str]) -> None:
        """Raises Unbounded where no row is short enough."""
        used = [place for place, name in enumerate(columns) if name in cost.names]
        self._cost = cost
        self._names = [columns[place] for place in used]
        self._cells = cells_at(used)
        self.surely = self._greatest()  # characters that the cells may have together

    def holds(self, cells: tuple[str, ...]) -> bool:
        """Whether a row with these cells, in the order of the columns, costs no more than it may."""
        whole = sum(map(len, self._cells(cells)))
        return whole <= self.surely or (whole <= LONGEST_ROW and self.cost_of(cells) <= MOST)

    def cost_of(self, cells: tuple[str, ...]) -> float:
        """The most that a row with these cells may cost, in characters."""
        lengths = map(len, self._cells(cells))
        return self._cost.at(dict(zip(self._names, lengths, strict=True)))

    def _greatest(self) -> int:
        """How long the cells may be together, wherever in them the characters are."""
        low, high = -1, LONGEST_ROW
        while low < high:
            middle = (low + high + 1) // 2
            if self._cost.at(dict.fromkeys(self._names, middle)) <= MOST:
                low = middle
            else:
                high = middle - 1
        if low < 0:
            raise Unbounded
        return low


def cells_at(places: Sequence[int]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """What takes the cells at these places out of a row's."""
    if len(places) > 1:
        return itemgetter(*places)
    first = places[0] if places else 0
    return itemgetter(slice(first, first + len(places)))


class Costs:
    """What several templates cost together. `columns` are those of every row: their cells are text, and they
    beat the author's `variables`."""

    def __init__(self, columns: Sequence[str], variables: Mapping[str, Json]) -> None:
        self._columns = columns
        self._spent = Spending()
        self._expressions = Expressions(self._spent, columns, variables)
        self._sources: Mapping[str, str] = {}

    def add(self, entry: str, sources: Mapping[str, str], times: int = 1) -> None:
        """A template and what it includes, by name; `times` where more is done with each character than to
        write it. Raises Unbounded."""
        self._sources, self._spent.names = sources, {}
        try:
            found = self._spent.aside(partial(self._template, entry))
            self._spent.add(found.cost * times, found.written)
        except (jinja2.TemplateSyntaxError, RecursionError, MemoryError, OverflowError):
            raise Unbounded from None

    def bound(self) -> Bound:
        """Raises Unbounded where no row is short enough."""
        return Bound(self._spent.cost, self._columns)

    def _template(self, name: str) -> None:
        with self._spent.deeper():
            source = self._sources.get(name)
            if source is None or len(source) > MOST:
                raise Unbounded
            self._statements(environment().parse(source).body)

    def _statements(self, body: Sequence[nodes.Node]) -> None:
        for node in body:
            self._spent.step()
            if type(node) not in _STATEMENTS:
                raise Unbounded
            _STATEMENTS[type(node)](self, node)

    def _value(self, node: nodes.Node) -> Estimate:
        return self._expressions.value(node)

    def _output(self, node: nodes.Output) -> None:
        for one in node.nodes:
            if isinstance(one, nodes.TemplateData):
                self._spent.write(fixed(len(one.data)), fixed(_encoded(one.data)))
            else:
                self._write(self._value(one))

    def _write(self, value: Estimate) -> None:
        size = value.as_text
        if value.is_ascii:
            self._spent.write(size, size * _WRITTEN_ASCII)
        else:
            self._spent.write(size * ESCAPED, size * _WRITTEN)

    def _if(self, node: nodes.If) -> None:
        self._value(node.test)
        names = self._spent.names
        ways = [self._aside(body) for body in (node.body, node.elif_, node.else_)]
        cost, written = NOTHING, NOTHING
        for way in ways:
            cost, written = cost.or_else(way.cost), written.or_else(way.written)
            for name, value in way.names.items():
                names[name] = value.or_else(names.get(name, value))
        self._spent.add(cost, written)

    def _add(self, other: Spending) -> None:
        self._spent.add(other.cost, other.written)

    def _aside(self, body: Sequence[nodes.Node]) -> Spending:
        return self._spent.aside(partial(self._statements, body))

    def _for(self, node: nodes.For) -> None:
        if node.recursive:
            raise Unbounded
        spent, several, item = self._spent, self._value(node.iter), self._spent.new_item()

        def turn() -> None:
            self._assign(node.target, each(several, item))
            spent.names["loop"] = LOOP
            if node.test is not None:
                self._value(node.test)
            self._statements(node.body)

        spent.each(item, spent.aside(turn), several)
        self._add(self._aside(node.else_))

    def _set(self, node: nodes.Assign) -> None:
        self._assign(node.target, self._value(node.node))

    def _set_block(self, node: nodes.AssignBlock) -> None:
        made = self._block(node.body)
        if node.filter is not None:
            made = self._expressions.filtered(node.filter, made)
        self._assign(node.target, made)

    def _filter_block(self, node: nodes.FilterBlock) -> None:
        self._write(self._expressions.filtered(node.filter, self._block(node.body)))

    def _block(self, body: Sequence[nodes.Node]) -> Estimate:
        """What is written in a body, as a text."""
        made = self._aside(body)
        self._spent.add(made.cost)
        return text(made.written, is_markup=True)

    def _with(self, node: nodes.With) -> None:
        values = [self._value(value) for value in node.values]

        def within() -> None:
            for target, value in zip(node.targets, values, strict=True):
                self._assign(target, value)
            self._statements(node.body)

        self._add(self._spent.aside(within))

    def _body(self, node: nodes.Block | nodes.Scope | nodes.ScopedEvalContextModifier) -> None:
        self._add(self._aside(node.body))

    def _include(self, node: nodes.Include) -> None:
        if not isinstance(node.template, nodes.Const) or not isinstance(node.template.value, str):
            raise Unbounded
        self._add(self._spent.aside(partial(self._template, node.template.value)))

    def _assign(self, target: nodes.Node, value: Estimate) -> None:
        if isinstance(target, nodes.Name):
            self._spent.names[target.name] = value
        elif isinstance(target, nodes.Tuple):
            for one in target.items:
                self._assign(one, part(value))
        else:
            raise Unbounded


_STATEMENTS: Mapping[type[nodes.Node], Callable[..., None]] = {
    nodes.Output: Costs._output,
    nodes.If: Costs._if,
    nodes.For: Costs._for,
    nodes.Assign: Costs._set,
    nodes.AssignBlock: Costs._set_block,
    nodes.FilterBlock: Costs._filter_block,
    nodes.With: Costs._with,
    nodes.Block: Costs._body,
    nodes.Scope: Costs._body,
    nodes.ScopedEvalContextModifier: Costs._body,
    nodes.Include: Costs._include,
}


def _encoded(data: str) -> float:
    """How many bytes a template's own text becomes, at most."""
    written = data.encode("utf-8", "surrogatepass")
    return (len(written) + 2 * len(written.translate(None, _PLAIN))) * 78 / 75

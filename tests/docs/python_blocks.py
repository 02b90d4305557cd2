"""Runs the Python blocks of a page, and holds what their comments say to what they give."""

import ast
import contextlib
import io
import tokenize

import numpy


class Namespace:
    """What the Python blocks of a page share: their names.

    page (str): For tracebacks.
    """

    def __init__(self, page):
        self.page = page
        self.names = {"__name__": "__main__"}

    def run(self, body, line):
        """Run a block that begins at a line of the page.

        Raises AssertionError where a comment does not say what comes out.
        """
        said = trailing_comments(body)
        for statement in ast.parse(body).body:
            claim = said.get(statement.end_lineno)
            ast.increment_lineno(statement, line)
            if isinstance(statement, ast.Expr):
                found = self.outcome(statement)
                assert claim is None or agrees(claim, found), f"says {claim!r}, gives {found!r}"
            else:
                self.execute(statement)
                self.check_assigned(statement, claim)

    def execute(self, statement):
        exec(compile(ast.Module([statement], []), self.page, "exec"), self.names)

    def outcome(self, statement):
        """What an expression prints, or else what it gives, as text."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            code = compile(ast.Expression(statement.value), self.page, "eval")
            value = eval(code, self.names)
        print(printed.getvalue(), end="")  # for whoever reads why a later block failed
        plain = value.item() if isinstance(value, numpy.generic) else value
        return printed.getvalue().strip() or repr(plain)

    def check_assigned(self, statement, claim):
        """Hold a literal behind `name = ...` to what the name stands for."""
        if claim is None or not isinstance(statement, ast.Assign):
            return
        (target,) = statement.targets
        try:
            literal = ast.literal_eval(claim)
        except (ValueError, SyntaxError):
            return  # prose
        if isinstance(target, ast.Name):
            value = self.names[target.id]
            plain = value.tolist() if isinstance(value, numpy.ndarray) else value
            assert plain == literal, f"says {claim}, {target.id} is {plain!r}"


def agrees(claim, found):
    """Whether a comment says what was found, and nothing else but what follows a colon."""
    rest = claim.removeprefix(found)
    return claim.startswith(found) and (not rest or rest.startswith(":"))


def trailing_comments(body):
    """The comments that stand behind code, by their line."""
    lines = body.splitlines()
    return {
        token.start[0]: token.string.lstrip("# ").rstrip()
        for token in tokenize.generate_tokens(io.StringIO(body).readline)
        if token.type == tokenize.COMMENT and lines[token.start[0] - 1][: token.start[1]].strip()
    }

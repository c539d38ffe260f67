# SPDX-License-Identifier: BSD-3-Clause
# expression.py: an expression as a part of code of ours.
from _ipkit.errors import remember_source

ONLY_AST = 0x400  # ast.PyCF_ONLY_AST, without loading ast


class Source:
    """An expression of the user's: its tree, and the names it uses."""

    def __init__(self, code):
        self.name = remember_source(code)
        self.tree = compile(code.strip(), self.name, 'eval', ONLY_AST, dont_inherit=True)
        self.whole = compile(self.tree, self.name, 'eval', dont_inherit=True)
        self._used = _global_names(self.whole) & _written_names(self.tree)

    def uses(self, name):
        return name in self._used

    def within(self, template, put, namespace):
        """The function that `template` defines; put(function's tree, expression) puts it in."""
        shell = compile(template, self.name, 'exec', ONLY_AST, dont_inherit=True)
        put(shell.body[0], self.tree.body)
        scope = {}
        exec(compile(shell, self.name, 'exec', dont_inherit=True), scope)
        code = scope[shell.body[0].name].__code__
        return type(_global_names)(code, namespace, code.co_name)


def _global_names(code):
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, type(code)):
            names |= _global_names(constant)
    return names


def _written_names(node):
    """Every name in a tree, as written (attributes and keywords are not names)."""
    names = set()
    todo = [node]
    while todo:
        node = todo.pop()
        if isinstance(node, list):
            todo.extend(node)
        elif hasattr(node, '_fields'):
            if type(node).__name__ == 'Name':
                names.add(node.id)
            todo.extend(getattr(node, field, None) for field in node._fields)
    return names

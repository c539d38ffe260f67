# SPDX-License-Identifier: BSD-3-Clause
"""manual_entries.py: the entries under EXAMPLES of a manual page on standard input, or under
Examples of a help text: one a line, without the remarks behind them. A remark is what comes after
two blanks outside quotes."""
import re
import sys


def lines(text):
    if '\n.Sh EXAMPLES\n' not in text:  # a help text
        part = text.partition('\nExamples:\n')[2].partition('\n\n')[0]
        return [line[2:] for line in part.splitlines()]
    part = text.partition('\n.Sh EXAMPLES\n')[2].partition('\n.Sh ')[0]
    blocks = re.findall(r'^\.Bd .*\n((?:.*\n)*?)\.Ed$', part, re.MULTILINE)
    return ''.join(blocks).replace(r'\e', '\\').replace(r'\&', '').splitlines()


def without_remark(line):
    quote = ''
    for at, c in enumerate(line):
        if quote:
            quote = '' if c == quote else quote
        elif c in '\'"':
            quote = c
        elif line.startswith('  ', at):
            return line[:at]
    return line


entries = []
for line in lines(sys.stdin.read()):
    if line.startswith(' '):  # goes on with the line before
        entries[-1] += line
    elif line:
        entries.append(without_remark(line))
print('\n'.join(entries))

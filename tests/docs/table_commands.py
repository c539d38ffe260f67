# SPDX-License-Identifier: BSD-3-Clause
"""table_commands.py PAGE [COLUMN [SECTION]]: the commands in the tables of a page, one a line: what
stands between backquotes in a column (the last one; 0: the first). Code with an ellipsis is left
out."""
import re
import sys

page, column = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else -1
wanted, section = sys.argv[3] if len(sys.argv) > 3 else None, None
for line in open(page, encoding='utf-8'):
    if line.startswith('## '):
        section = line[3:].strip()
    if not line.startswith('|') or wanted not in (None, section):
        continue
    cells = re.split(r'(?<!\\)\|', line.strip())[1:-1]
    for code in re.findall(r'`([^`]+)`', cells[column]):
        if '…' not in code:
            print(code.replace(r'\|', '|').strip())

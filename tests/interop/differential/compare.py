# SPDX-License-Identifier: BSD-3-Clause
"""Both sides, step by step."""
import difflib
import json


def text(value):
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def leaves(path, value):
    """A line for each thing in `value` that holds no others."""
    if isinstance(value, dict) and value:
        return [line for key, item in sorted(value.items())
                for line in leaves("%s.%s" % (path, key), item)]
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        return [line for n, item in enumerate(value) for line in leaves("%s.%d" % (path, n), item)]
    return ["%s: %s" % (path, text(value))]


def lines(entries, notes):
    """Each says on its own what it is about."""
    result = []
    for entry in entries:
        about = "%s %s" % (entry["channel"], entry["header"]["msg_type"])
        result.append("%s %s" % (about, entry["idents"]))
        for part in ("signature", "header", "parent", "metadata", "buffers"):
            if entry.get(part):
                result.append("%s %s: %s" % (about, part, text(entry[part])))
        result += leaves(about + " content", entry["content"])
    return result + ["note: " + text(note) for note in notes]


def show(step, reference, ours):
    """The differences of one step, for a person to read."""
    diff = difflib.unified_diff(reference, ours, "reference", "ours", lineterm="", n=1)
    return "\n".join(["step %d: %s" % (step.number, step.name)] + ["  " + d for d in diff])


def compare(reference, ours, deviations):
    """Texts, one for each step that differs and for what is wrong besides."""
    problems, used = [], set()
    for (step, left), (other, right) in zip(reference, ours):
        if step.name != other.name:
            return problems + ["different steps: %s, %s" % (step.name, other.name)]
        sides = [left, right]
        for deviation in deviations:
            if lines(sides[0], step.notes) == lines(sides[1], other.notes):
                break
            before = [lines(side, ()) for side in sides]
            sides = deviation.apply(step.name, sides)
            if before != [lines(side, ()) for side in sides]:
                used.add(deviation)
        if lines(sides[0], step.notes) != lines(sides[1], other.notes):
            problems.append(show(step, lines(sides[0], step.notes), lines(sides[1], other.notes)))
    if len(reference) != len(ours):
        problems.append("%d steps of the reference, %d of ours" % (len(reference), len(ours)))
    elif not problems:
        problems += ["not seen any more: " + d.text for d in deviations if d not in used]
    return problems

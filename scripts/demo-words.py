# Run by the demo on every engine: counts the words of the engine's own lines.
import collections
import re

words = re.findall('[a-z]+', '\n'.join(lines).lower())  # noqa: F821, lines came by ipscatter
counts = ['%d %s' % (n, word) for word, n in collections.Counter(words).items()]

# SPDX-License-Identifier: BSD-3-Clause
# test_python_data.py: the python kernel: push, pull, map, list, clear.
import io
import json
import os
import unittest

import driver
from test_python import Case

try:
    import numpy
except ImportError:
    numpy = None


class Push(Case):
    def test_types(self):
        for kind, data, expected in [
                ('json', b'[1, {"a": null}]', "[1, {'a': None}]"), ('text', b'a\xff\n',
                    "'a\\udcff\\n'"),
                ('bytes', b'\0\xff', "b'\\x00\\xff'"), ('lines', b'a\nb\n', "['a', 'b']"),
                ('lines', b'a\n\nb', "['a', '', 'b']"), ('lines', b'', '[]'),
                ('lines', b'\n', "['']"), ('nul', b'a\nb\0c\0', "['a\\nb', 'c']"),
                ('lines', b'a\r\n\x0b\n', "['a\\r', '\\x0b']"), ('ref', b'len("abc")', '3')]:
            with self.subTest(kind=kind, data=data):
                self.ok(self.kernel.push('v', kind, data))
                self.assertEqual(self.value('repr(v)'), ('text', expected.encode()))

    @unittest.skipUnless(numpy, 'no NumPy here')
    def test_npy(self):
        array = numpy.arange(12.0).reshape(3, 4)
        out = io.BytesIO()
        numpy.save(out, array)
        self.ok(self.kernel.push('v', 'npy', out.getvalue()))
        self.assertEqual(self.value('v.sum()'), ('json', b'66.0'))
        reply = self.ok(self.kernel.pull('v', form='npy'))
        self.assertTrue((numpy.load(io.BytesIO(reply.buffers[0])) == array).all())
        self.assertEqual(self.kernel.pull('v[0]').buffers, [b'[0.0, 1.0, 2.0, 3.0]'])
        self.assertEqual(self.kernel.pull('v[0]', elements=True).buffers, [b'0.0\n1.0\n2.0\n3.0\n'])
        self.ok(self.kernel.execute('o = v.astype(object)'))
        self.error(self.kernel.pull('o', form='npy'), 'TypeError')
        self.error(self.kernel.push('v', 'npy', b'junk'), 'ValueError')

    def test_all_are_decoded_before_any_is_bound(self):
        reply = self.kernel.request('push_request', {'names': ['a', 'b'], 'types': ['json',
            'json']},
                                    [b'1', b'{'])
        self.error(reply, 'JSONDecodeError')
        self.error(self.kernel.execute('a'), 'NameError')

    def test_bad(self):
        for content, buffers in [({}, []), ({'names': ['a'], 'types': ['json']}, []),
                                 ({'names': 'a', 'types': ['json']}, [b'1']),
                                 ({'names': ['a b'], 'types': ['json']}, [b'1']),
                                 ({'names': ['for'], 'types': ['json']}, [b'1']),
                                 ({'names': [1], 'types': ['json']}, [b'1']),
                                 ({'names': ['a'], 'types': ['pickle']}, [b'1']),
                                 ({'names': ['a'], 'types': [[]]}, [b'1']),
                                 ({'names': ['a'], 'types': ['json']}, [b'NaN']),
                                 ({'names': ['a']}, [b'1']), ({'unbind': 'a'}, [])]:
            with self.subTest(content):
                self.error(self.kernel.request('push_request', content, buffers), 'ValueError')
        self.error(self.kernel.push('a', 'ref', b'nope'), 'NameError')

    def test_unbind(self):
        self.kernel.push('a', 'json', b'1')
        self.ok(self.kernel.request('push_request', {'unbind': ['a', 'never']}))
        self.error(self.kernel.execute('a'), 'NameError')

    def test_large_ones_do_not_share_memory(self):
        # Messages of these sizes arrive in the same memory, once nobody has the last one's.
        size = 2 << 20
        for number in range(4):
            data = bytes([number]) * (size + number)
            self.ok(self.kernel.push('v%d' % number, 'bytes', data))
            self.ok(self.stage('s', data, begin=number == 0, end=number == 3, name='all',
                               type='bytes'))
            self.ok(self.kernel.push('t%d' % number, 'text', b'x' * size))
            if numpy:
                out = io.BytesIO()
                numpy.save(out, numpy.full(size // 8, float(number)))
                self.ok(self.kernel.push('a%d' % number, 'npy', out.getvalue()))
        for number in range(4):
            same = "v%d == bytes([%d]) * %d and set(t%d) == {'x'}" % (
                number, number, size + number, number)
            if numpy:
                same += ' and bool((a%d == %d).all())' % (number, number)
            self.assertEqual(self.value(same), ('json', b'true'))
        self.assertEqual(self.value('[all[i * %d + 9] for i in range(4)], len(all)' % size),
                         ('json', b'[[0, 1, 2, 3], %d]' % (4 * size + 6)))

    def test_size_that_is_announced(self):
        data = b'abc' * (1 << 20)
        self.ok(self.stage('s', b'a\nb', begin=True, type='bytes'))
        self.ok(self.stage('s', b'\nc', name='v', type='lines', end=True))
        self.assertEqual(self.value('v'), ('json', b'["a", "b", "c"]'))
        for size in (len(data), 7, 2 << 20, 1 << 40, 1 << 62, 1 << 70, -1, 'x', None, True):
            with self.subTest(size):
                for kind, expected in (('bytes', "b'abc'"), ('text', "'abc'")):
                    self.ok(self.stage('s', data[:9], begin=True, size=size, type=kind))
                    self.ok(self.stage('s', data[9:], name='v', type=kind, end=True))
                    self.assertEqual(self.value('v == %s * (1 << 20)' % expected),
                                     ('json', b'true'))

    def stage(self, stage, *buffers, **content):
        return self.kernel.request('push_request', dict({'stage': stage}, **content), list(buffers))

    def test_stages(self):
        self.ok(self.stage('s', b'a\nb', begin=True))
        self.ok(self.stage('s', b'c\n'))
        self.ok(self.stage('s', name='v', type='lines', end=True))
        self.assertEqual(self.value('v'), ('json', b'["a", "bc"]'))
        self.error(self.stage('s', b'more'), 'KeyError')
        self.ok(self.stage('s', b'x', begin=True))
        self.ok(self.stage('s', b'\xc3', begin=True, name='v', type='text'))
        self.ok(self.stage('s', b'\xa9', name='v', type='text', end=True))
        self.assertEqual(self.value('v'), ('text', 'é'.encode()))
        self.ok(self.stage('d', b'x', begin=True))
        self.ok(self.stage('d', drop=True))
        self.error(self.stage('d', name='v', type='text', end=True), 'KeyError')
        self.error(self.stage(5, begin=True), 'ValueError')
        self.error(self.stage('e', b'1', b'2', begin=True), 'ValueError')
        self.error(self.stage('f', b'{', begin=True, end=True, name='v', type='json'),
            'JSONDecodeError')
        self.error(self.stage('f', b'}'), 'KeyError')

    @unittest.skipUnless(numpy, 'no NumPy here')
    def test_large_arrays(self):
        records = numpy.zeros(200_000, dtype=[('n', 'i4'), ('x', 'f8')])
        records['n'] = numpy.arange(200_000)
        whole = numpy.arange(600_000.0).reshape(600, 1000)
        for name, array in [('rows', whole), ('columns', numpy.asfortranarray(whole)),
                            ('transposed', whole.T), ('part', whole[::2, 100:]),
                            ('records', records), ('number', numpy.float64(3)),
                            ('empty', numpy.zeros((0, 1 << 20)))]:
            with self.subTest(array=name):
                out = io.BytesIO()
                numpy.save(out, array)
                data = out.getvalue()
                for at in range(0, len(data), 1 << 20):
                    self.ok(self.stage('s', data[at:at + (1 << 20)], begin=at == 0, name=name,
                                       type='npy', end=at + (1 << 20) >= len(data)))
                reply = self.ok(self.kernel.pull(name, form='npy'))
                back = numpy.load(io.BytesIO(reply.buffers[0]))
                self.assertEqual(back.dtype, array.dtype)
                numpy.testing.assert_array_equal(back, array)
        # It is the user's own memory: to be written to, and not shared with what came later.
        self.ok(self.kernel.execute('rows += 1; rows[0, 0] = -1'))
        self.assertEqual(self.value('rows[0, 0], rows[0, 1], columns[0, 0], records["n"][7]'),
                         ('json', b'[-1.0, 2.0, 0.0, 7]'))

    @unittest.skipUnless(numpy, 'no NumPy here')
    def test_large_arrays_that_are_none(self):
        out = io.BytesIO()
        numpy.save(out, numpy.zeros(200_000))
        short = out.getvalue()[:-8]
        self.error(self.stage('s', short, begin=True, end=True, name='v', type='npy'), 'ValueError')
        self.error(self.stage('s', bytes(2 << 20), begin=True, end=True, name='v', type='npy'),
                   'ValueError')
        self.error(self.kernel.execute('v'), 'NameError')

    def test_pieces_of_all_sizes(self):
        pieces = [bytes([number]) * size
                  for number, size in enumerate([1, 0, 70_000, 3, 1 << 20, 5_000_000, 7])]
        for number, piece in enumerate(pieces):
            self.ok(self.stage('s', piece, begin=number == 0, name='v', type='bytes',
                               end=number == len(pieces) - 1))
        self.assertEqual(self.ok(self.kernel.pull('v')).buffers, [b''.join(pieces)])

    def test_eight_stages(self):
        for number in range(9):
            self.ok(self.stage('s%d' % number, begin=True))
        self.error(self.stage('s0', b''), 'KeyError')
        self.ok(self.stage('s1', b''))

    def test_memory_of_a_large_value(self):
        self.ok(self.kernel.execute('def peak():\n'
                                    ' import resource\n'
                                    ' return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n'
                                    'peak()'))
        before = int(self.value('peak()')[1])
        piece = b'x' * (1 << 20)
        for number in range(50):
            self.ok(self.stage('big', piece, begin=number == 0, end=number == 49, name='v',
                               type='bytes'))
        grown = int(self.value('peak()')[1]) - before
        self.assertEqual(self.value('len(v)'), ('json', b'52428800'))
        self.assertLess(grown, 110 * 1024)


class Pull(Case):
    def setUp(self):
        super().setUp()
        self.kernel.execute('s = "a\\nb"; n = 1.5; l = [1, "x", None]; y = b"\\xff"; o = {1}; '
            'e = []')

    def test_forms(self):
        reply = self.ok(self.kernel.pull('s', 'n', 'l', 'y', 'o', 'l[1].upper()'))
        self.assertEqual(reply.content['types'], ['text', 'json', 'json', 'bytes', 'repr', 'text'])
        self.assertEqual(reply.buffers, [b'a\nb', b'1.5', b'[1, "x", null]', b'\xff', b'{1}', b'X'])
        self.assertEqual(reply.content['sizes'], [len(data) for data in reply.buffers])
        self.assertEqual((reply.content['token'], reply.content['counts']), (None, [None] * 6))
        reply = self.ok(self.kernel.pull('s', 'y', 'o', form='json'))
        self.assertEqual(reply.content['types'], ['json', 'base64', 'repr'])
        self.assertEqual(reply.buffers, [b'"a\\nb"', b'/w==', b'"{1}"'])

    def test_elements(self):
        reply = self.ok(self.kernel.pull('l', 's', 'e', 'n', 'y', 'range(3)', 'o', elements=True))
        self.assertEqual(reply.buffers, [b'1\nx\nnull\n', b'a\nb\n', b'', b'1.5\n', b'\xff',
                                         b'0\n1\n2\n', b'1\n'])
        self.assertEqual(reply.content['types'], ['lines'] * 4 + ['bytes'] + ['lines'] * 2)
        self.assertEqual(reply.content['counts'], [3, 1, 0, 1, 1, 3, 1])
        reply = self.ok(self.kernel.pull('l', '{"k": 2}', elements=True, form='json', sep='\0'))
        self.assertEqual(reply.buffers, [b'1\0"x"\0null\0', b'{"k": 2}\0'])

    def test_undefined(self):
        reply = self.error(self.kernel.pull('n', 'nope'), 'NameError')
        self.assertEqual(reply.content['name'], 'nope')
        self.assertEqual(self.error(self.kernel.pull('nope.x'), 'NameError').content['name'],
            'nope.x')

    def test_bad(self):
        for content in ({}, {'names': 'a'}, {'names': ['n'], 'form': 'xml'}, {'names': ['n'],
            'sep': ','},
                        {'names': ['n'], 'limit': -1}, {'names': ['n'], 'form': 'npy',
                            'elements': True}):
            with self.subTest(content):
                self.error(self.kernel.request('pull_request', content), 'ValueError')
        self.error(self.kernel.pull('1 +'), 'SyntaxError')
        self.error(self.kernel.pull('1/0'), 'ZeroDivisionError')

    def held(self, token, **content):
        return self.kernel.request('pull_request', dict({'token': token}, **content))

    def test_tokens(self):
        self.kernel.execute('b = b"0123456789"')
        reply = self.ok(self.kernel.pull('b', 's', limit=5))
        token = reply.content['token']
        self.assertEqual((reply.buffers, reply.content['sizes']), ([], [10, 3]))
        self.kernel.execute('b = None')
        piece = self.ok(self.held(token, index=0, offset=4, length=4))
        self.assertEqual(piece.buffers, [b'4567'])
        self.assertEqual(self.held(token, index=0, offset=8, length=99).buffers, [b'89'])
        self.assertEqual(self.held(token, index=1, offset=0, length=3).buffers, [b'a\nb'])
        self.error(self.held(token, index=2, offset=0, length=1), 'IndexError')
        self.error(self.held(token, index=0, offset=-1, length=1), 'ValueError')
        self.ok(self.held(token, release=True))
        self.error(self.held(token, index=0, offset=0, length=1), 'KeyError')
        self.error(self.held(['x'], release=True), 'KeyError')
        tokens = [self.kernel.pull('s', limit=0).content['token'] for _ in range(9)]
        self.error(self.held(tokens[0], release=True), 'KeyError')
        self.ok(self.held(tokens[1], release=True))


class Map(Case):
    def results(self, code, items, **content):
        reply = self.ok(self.kernel.map(code, items, **content))
        self.assertEqual(reply.content['count'], len(items))
        return reply

    def lines(self, code, items, **content):
        reply = self.results(code, items, **content)
        self.assertEqual(reply.content['form'], 'lines', reply.content)
        return reply.buffers[0]

    def test_expressions(self):
        self.kernel.execute('def twice(v): return 2 * v\nk = 10')
        numbers = [b'1', b'2', b'3']
        for code, expected in [
                ('x**2', b'1\n4\n9\n'), ('twice', b'2\n4\n6\n'), ('lambda x: x + k',
                    b'11\n12\n13\n'),
                ('[x + i for i in range(2)]', b'[1, 2]\n[2, 3]\n[3, 4]\n'),
                ('(lambda: x)()', b'1\n2\n3\n'), ('_ * x', b'1\n22\n333\n'), ('_ + "!"',
                    b'1!\n2!\n3!\n'),
                ('k', b'10\n10\n10\n'), ('x / 2', b'0.5\n1.0\n1.5\n'), ('x > 1',
                    b'false\ntrue\ntrue\n'),
                ('None', b'null\nnull\nnull\n'), ('{x}', b'{1}\n{2}\n{3}\n'), (' x ', b'1\n2\n3\n'),
                ('x\n+ 1' if False else '(x\n + 1)', b'2\n3\n4\n'), ('str', b'1\n2\n3\n')]:
            with self.subTest(code):
                self.assertEqual(self.lines(code, numbers), expected)

    def test_what_is_a_number(self):
        items = [b'7', b'-1.5', b'1e3', b'007', b'+1', b' 1', b'1 ', b'true', b'null', b'NaN',
            b'[1]',
                 b'"a"', b'', b'1.', b'.5', b'0x1', '١'.encode(), b'a,b', b'-0']
        types = self.lines('type(x).__name__', items).split()
        self.assertEqual(types, [b'int', b'float', b'float'] + [b'str'] * 15 + [b'int'])
        for item, kind in zip(items,
            types):  # the same when it stands alone: the other way to decode
            self.assertEqual(self.lines('type(x).__name__', [item]).strip(), kind, item)

    def test_neighbours_do_not_make_json_together(self):
        self.assertEqual(self.lines('_', [b'[1', b'2]']), b'[1\n2]\n')
        reply = self.results('x', [b'[1', b'2]', b'3'], type='json')
        self.assertEqual([failed['index'] for failed in reply.content['failed']], [0, 1])
        self.assertEqual(reply.buffers, [b'3'])

    def test_types_separators_and_json(self):
        self.assertEqual(self.lines('x + x', [b'1', b'2'], type='text'), b'11\n22\n')
        self.assertEqual(self.lines('len(x)', [b'[1, 2]', b'{"a": 1}'], type='json'), b'2\n1\n')
        self.assertEqual(self.lines('x', [b'1', b'"a"'], type='json', json=True), b'1\n"a"\n')
        self.assertEqual(self.lines('x', [b'a', b'b'], json=True), b'"a"\n"b"\n')
        self.assertEqual(self.lines('x', [b'a\nb', b'c'], sep=b'\0', out='\0'), b'a\nb\0c\0')
        self.assertEqual(self.lines('{x}', [b'1'], json=True), b'"{1}"\n')
        self.assertEqual(self.lines('x.encode()', [b'a'], json=True), b'"YQ=="\n')
        self.assertEqual(self.lines('x', [b'\xff']), b'\xff\n')
        self.assertEqual(self.lines('x', []), b'')

    def test_results_with_the_separator_come_sized(self):
        reply = self.results('x', [b'a\nb', b'c'], sep=b'\0')
        self.assertEqual((reply.content['form'], reply.content['sizes']), ('sized', [3, 1]))
        self.assertEqual((reply.buffers, reply.content['failed']), ([b'a\nbc'], []))

    def test_failures(self):
        reply = self.results('1 / x', [b'1', b'0', b'a', b'2'])
        self.assertEqual(reply.content['sizes'], [3, 0, 0, 3])
        failed = reply.content['failed']
        self.assertEqual([(one['index'], one['ename']) for one in failed],
                         [(1, 'ZeroDivisionError'), (2, 'TypeError')])
        self.assertEqual(failed[0]['frames'][-1][0], '<ipexec>')
        self.assertEqual(failed[0]['frames'][-1][3], '1 / x')
        self.assertEqual(reply.buffers, [b'1.00.5'])
        for code in ('exit(x)', 'next(iter([]))', 'undefined', 'int', '(_, 1 / x)'):
            with self.subTest(code):
                reply = self.results(code, [b'zz'])
                self.assertEqual(len(reply.content['failed']), 1)
        reply = self.results('(_, 1 / x)', [b'0', b'1', b'z', b'2'])
        self.assertEqual(reply.buffers, [b'["1", 1.0]["2", 0.5]'])
        self.kernel.execute('class Bad:\n def __repr__(self): 1/0')
        reply = self.results('Bad() if x else x', [b'0', b'1'])
        self.assertEqual([one['index'] for one in reply.content['failed']], [1])
        self.error(self.kernel.map('x +', [b'1']), 'SyntaxError')
        self.error(self.kernel.map('x = 1', [b'1']), 'SyntaxError')

    def test_bad(self):
        good = {'code': 'x', 'count': 1, 'sep': '\n'}
        for change in ({'count': 2}, {'count': 10**18}, {'count': -1}, {'count': 'a'},
            {'count': True},
                       {'sep': ','}, {'sep': ''}, {'out': 'x'}, {'type': 'yaml'}, {'sep': '\0'}):
            with self.subTest(change):
                reply = self.kernel.request('map_request', dict(good, **change), [b'1\n'])
                self.error(reply, 'ValueError')
        self.error(self.kernel.request('map_request', good, []), 'ValueError')
        self.error(self.kernel.request('map_request', good, [b'1']), 'ValueError')
        self.error(self.kernel.request('map_request', {'count': 1}, [b'1\n']), 'TypeError')

    def test_prints_and_interrupt(self):
        self.assertEqual(self.kernel.map('print(x)', [b'1', b'2']).out, b'1\n2\n')
        self.kernel.execute('import os\ndef loop(v):\n os.write(1, b"started")\n while True: pass')
        content = {'code': 'loop', 'sep': '\n', 'count': 1}
        msg_id = self.kernel.send('map_request', content, [b'1\n'])
        self.kernel.wait_piped(b'started')
        self.kernel.interrupt(msg_id)
        self.error(self.kernel.reply(msg_id), 'KeyboardInterrupt')
        self.assertEqual(self.value('1'), ('json', b'1'))


class Namespace(Case):
    def test_list_and_clear(self):
        self.kernel.execute('b = [1, 2]; a = "xyz"; n = 5\nimport math')
        names = self.kernel.request('list_request', {}).content['names']
        self.assertEqual([(one['name'], one['type'], one['size']) for one in names],
                         [('a', 'str', 3), ('b', 'list', 2), ('math', 'module', None), ('n', 'int',
                             None)])
        self.ok(self.kernel.request('clear_request', {}))
        self.assertEqual(self.kernel.request('list_request', {}).content['names'], [])
        self.assertEqual(self.value('__name__ + str(len([1]))'), ('text', b'__main__1'))


class Versions(unittest.TestCase):
    def test_every_python_there_is(self):
        pythons = list(driver.pythons())
        if not pythons:
            self.skipTest('only one python here')
        for name, path in pythons:
            with self.subTest(name):
                kernel = driver.python_kernel(python=path)
                self.addCleanup(kernel.close)
                self.assertEqual(kernel.execute('print([1])', value=True).out, b'[1]\n')
                kernel.push('v', 'lines', b'a\nb\n')
                self.assertEqual(kernel.pull('v', elements=True).buffers, [b'a\nb\n'])
                self.assertEqual(kernel.map('[x, _]', [b'1']).buffers, [b'[1, "1"]\n'])
                self.assertEqual(kernel.map('lambda y: y', [b'1']).buffers, [b'1\n'])
                self.assertEqual(kernel.execute('1/0').content['ename'], 'ZeroDivisionError')
                msg_id = kernel.send('execute_request', {'code': 'print("started", flush=True)\n'
                                                         'while True: pass', 'silent': True})
                self.assertEqual(kernel.receive().kind, 'stream')
                kernel.interrupt(msg_id)
                self.assertEqual(kernel.reply(msg_id).content['ename'], 'KeyboardInterrupt')
                self.assertEqual(json.loads(kernel.pull('v', form='json').buffers[0]), ['a', 'b'])


if __name__ == '__main__':
    unittest.main()

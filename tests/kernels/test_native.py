# SPDX-License-Identifier: BSD-3-Clause
# test_native.py: the native kernel, every part of the contract, with functions in C and C++.
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import unittest

import driver

HERE = os.path.dirname(os.path.abspath(__file__))
DIRECTORY = None  # where the functions are compiled


def compiled(name, source, compiler='cc'):
    """A shared object of the source, in DIRECTORY."""
    path = os.path.join(DIRECTORY, name + '.so')
    language = {'cc': 'c', 'c++': 'c++'}[compiler]
    subprocess.run([compiler, '-Wall', '-Wextra', '-Werror', '-O1', '-shared', '-fPIC', '-I',
                    os.path.join(driver.ROOT, 'include'), '-o', path, '-x', language, '-'],
                   input=source.encode(), check=True, timeout=60)
    return path


def setUpModule():
    global DIRECTORY
    if not os.path.exists(driver.NATIVE) or not shutil.which('cc'):
        raise unittest.SkipTest('no %s, or no cc' % driver.NATIVE)
    DIRECTORY = tempfile.mkdtemp()
    unittest.addModuleCleanup(shutil.rmtree, DIRECTORY)
    with open(os.path.join(HERE, 'native_functions.c')) as file:
        compiled('functions', file.read())


def npy(kind, shape, data, order='False'):
    head = repr({'descr': kind, 'fortran_order': order == 'True', 'shape': shape}).encode()
    head += b' ' * (-(len(head) + 11) % 64) + b'\n'
    return b'\x93NUMPY\1\0' + struct.pack('<H', len(head)) + head + data


def doubles(*numbers):
    return npy('<f8', (len(numbers),), struct.pack('<%dd' % len(numbers), *numbers))


class Case(unittest.TestCase):
    def setUp(self):
        self.kernel = driver.native_kernel(cwd=DIRECTORY)
        self.addCleanup(self.kernel.close)
        self.ok(self.kernel.execute('load functions.so'))

    def ok(self, reply):
        self.assertEqual(reply.header['status'], 'ok', reply.content)
        self.assertEqual(reply.content['status'], 'ok')
        return reply

    def error(self, reply, ename, evalue=None):
        self.assertEqual(reply.header['status'], 'error', reply.content)
        self.assertEqual(reply.content['ename'], ename, reply.content)
        if evalue is not None:
            self.assertIn(evalue, reply.content['evalue'])
        return reply

    def fails(self, code, ename, evalue=None):
        return self.error(self.kernel.execute(code), ename, evalue)

    def value(self, code, kind='json'):
        reply = self.ok(self.kernel.execute(code, value=True))
        self.assertEqual(reply.content['value'], {'type': kind})
        return reply.buffers[0]

    def names(self):
        return self.ok(self.kernel.request('list_request', {})).content['names']


class Code(Case):
    def test_ready(self):
        content = self.kernel.ready.content
        self.assertEqual((content['language'], content['prefetch']), ('native', 1))
        info = self.ok(self.kernel.request('kernel_info_request', {})).content
        self.assertEqual(info['language_info']['name'], 'native')

    def test_lines(self):
        code = '# numbers\n\nx = [1, 2.5]\r\n\ty=scale( x , 2 )\nscale(y, total([1, 1]))'
        self.assertEqual(self.value(code), b'[4.0, 10.0]')
        self.assertEqual(self.value('z = x\nz'), b'[1, 2.5]')
        self.assertNotIn('value', self.ok(self.kernel.execute('a = 1', value=True)).content)
        for code, kind, value in [('"a\\n\\u00e9\\")"', 'text', 'a\né")'.encode()),
                                  ('{"k": ["]}", 1]}', 'json', b'{"k": ["]}", 1]}'),
                                  ('true', 'json', b'true'), ('-1e3', 'json', b'-1e3'),
                                  ('describe()', 'text', b''), ('say("", "")', 'json', b'null')]:
            with self.subTest(code):
                self.assertEqual(self.value(code, kind), value)

    def test_syntax(self):
        for code, evalue in [('x = ', 'line 1: a value or a call is missing'),
                             ('x = 1\n\nscale(x,, 2)', "line 3: unexpected ', 2)'"),
                             ('scale(x', "')' is missing"), ('scale(x 2)', "unexpected '2)'"),
                             ('scale(x) 3', "unexpected '3'"), ('1 = 2', "unexpected '= 2'"),
                             ('load', 'load needs an operand'), ('01', 'not JSON: 01'),
                             ('[1, 2', 'not JSON: [1, 2'), ('"open', 'not JSON'),
                             ('f(' * 200, 'nested too deeply'), ('$x', "unexpected '$x'")]:
            with self.subTest(code):
                self.fails(code, 'SyntaxError', evalue)
        self.assertEqual(self.names(), [])  # not one line of such code runs

    def test_names(self):
        reply = self.fails('x = 1\ny = scale(nope, 2)', 'NameError', "line 2: name 'nope'")
        self.assertEqual(reply.content['name'], 'nope')
        for name in ('nope', 'hidden', 'exit', 'malloc'):
            self.fails(name + '(3)', 'NameError', "no function '%s'" % name)
        self.assertEqual([one['name'] for one in self.names()], ['x'])
        self.ok(self.kernel.execute('load = 2\ncd = 3'))
        self.assertEqual(self.kernel.pull('load', 'cd').buffers, [b'2', b'3'])

    def test_libraries(self):
        self.fails('load none.so', 'OSError', 'none.so: No such file')
        with open(os.path.join(DIRECTORY, 'text.so'), 'w') as file:
            file.write('no shared object')
        self.fails('load text.so', 'OSError', 'text.so')
        compiled('undefined', 'int nowhere(void); int f(void); int f(void) { return nowhere(); }')
        self.fails('load undefined.so', 'OSError', 'nowhere')

    def test_loading_anew(self):
        source = '''#include <ipkit/native.h>
            IPKIT_FUNCTION(version) { ipkit_result_integer(call, %d); return 0; }'''
        for number in (1, 2):
            compiled('anew', source % number)
            self.ok(self.kernel.execute('load ./anew.so'))
            self.assertEqual(self.value('version()'), b'%d' % number)
        compiled('other', source % 3)
        self.assertEqual(self.value('load other.so\nversion()'), b'3')
        self.assertEqual(self.value('load ../%s/anew.so\nversion()' % os.path.basename(DIRECTORY)),
                         b'2')

    def test_a_library_that_stays(self):
        path = os.path.join(DIRECTORY, 'stays.so')
        for option in ('-O1', '-O2'):
            subprocess.run(['cc', option, '-shared', '-Wl,-z,nodelete', '-o', path, '-x', 'c', '-'],
                           input=b'int f(void) { return 1; }', check=True, timeout=60)
            reply = self.kernel.execute('load stays.so')
        self.error(reply, 'OSError', 'cannot be taken out of memory')
        self.ok(self.kernel.execute('load functions.so'))

    def test_directory(self):
        self.ok(self.kernel.execute('cd /'))
        self.fails('load functions.so', 'OSError')
        self.fails('cd /nowhere', 'OSError', '/nowhere: No such file')
        self.ok(self.kernel.request('clear_request', {}))
        self.fails('scale(1, 2)', 'NameError')
        self.ok(self.kernel.execute('load functions.so'))

    def test_cplusplus(self):
        compiled('plus', '''#include <ipkit/native.h>
            #include <iostream>
            #include <stdexcept>
            IPKIT_FUNCTION(checked) {
              double number = 0;
              if (!ipkit_number(call, 0, &number)) return 1;
              std::cout << "checked " << number;
              if (number < 0) throw std::domain_error("below 0");
              if (number > 9) throw 5;
              return 0;
            }''', 'c++')
        self.assertEqual(self.value('load plus.so\nchecked(2)'), b'null')
        self.kernel.wait_piped(b'checked 2')
        self.fails('checked(-1)', 'NativeError', 'checked: below 0')
        self.fails('checked(10)', 'NativeError', 'checked: an exception')

    def test_shown(self):
        reply = self.ok(self.kernel.execute('scale([1], 2)', silent=False))
        self.assertEqual([message.kind for message in reply.before],
                         ['execute_input', 'execute_result'])
        self.assertEqual(reply.before[1].content['data'], {'text/plain': '[2.0]'})
        reply = self.kernel.execute('nope', silent=False)
        self.assertEqual(reply.before[-1].content['ename'], 'NameError')
        self.assertEqual(reply.content['execution_count'], 2)

    def test_standard_input(self):
        reply = self.ok(self.kernel.execute('read_line()', [b'one\ntwo\n'], stdin=True, value=True))
        self.assertEqual(reply.buffers, [b'one\n'])
        self.assertEqual(self.value('read_line()', 'text'), b'(none)')
        reply = self.kernel.execute('read_line()', [b'new\n'], stdin=True, value=True)
        self.assertEqual(reply.buffers, [b'new\n'])
        self.error(self.kernel.execute('1', argv=['f', 'more']), 'ValueError')

    def test_output_is_there_before_the_reply(self):
        for number in range(20):
            self.ok(self.kernel.execute('say("%d", "e")' % number))
            self.kernel.wait_piped(b'%d' % number)
        self.assertEqual(self.kernel.take_piped(2), b'e' * 20)


class Arguments(Case):
    def test_numbers_from_everything(self):
        for kind, data in [('npy', doubles(1, 2)), ('json', b'[1, 2.0]'), ('lines', b'1\n 2 \n'),
                           ('nul', b'1\0002'), ('npy', npy('|b1', (1, 2), b'\1\2')),
                           ('npy', npy('<i2', (2,), b'\1\0\2\0')),
                           ('npy', npy('<u8', (2,), struct.pack('<2Q', 1, 2))),
                           ('npy', npy('<f4', (2, 1), struct.pack('<2f', 1, 2)))]:
            with self.subTest(kind=kind, data=data):
                self.ok(self.kernel.push('x', kind, data))
                self.assertEqual(self.value('scale(x, 2)')[:4], b'[2.0')
                if b'b1' not in data:
                    self.assertEqual(self.value('total(x)'), b'3')
        for empty in ('[]', 'scale([], 1)'):
            self.assertEqual(self.value('scale(%s, 2)' % empty), b'[]')
            self.assertEqual(self.value('total(%s)' % empty), b'0')

    def test_what_they_are_not(self):
        for code, evalue in [('scale()', 'scale: argument 1 is missing'),
                             ('scale("a", 1)', 'argument 1 is text, not numbers'),
                             ('scale([1, "a"], 1)', 'argument 1 is json, not numbers (element 2)'),
                             ('scale([[1]], 1)', '(element 1)'), ('total(1.5)', 'not integers'),
                             ('total(18446744073709551615)', 'not integers'),
                             ('total(1e30)', 'not integers'), ('shape([1])', 'not an array'),
                             ('grid(1, 2)', 'argument 1 is json, not text')]:
            with self.subTest(code):
                self.fails(code, 'TypeError', evalue)
        self.ok(self.kernel.push('x', 'lines', b'1\n2x\n'))
        self.fails('scale(x, 1)', 'TypeError', 'argument 1 is lines, not numbers (element 2)')
        self.fails('scale(1, x)', 'TypeError', 'argument 2')
        self.fails('scale(1, [1, 2])', 'NativeError', 'one number is needed')

    def test_types(self):
        self.ok(self.kernel.request('push_request', {
            'names': list('abcdef'), 'types': ['json', 'text', 'bytes', 'npy', 'lines', 'nul']},
            [b'12', b'abc', b'\0\xff', doubles(), b'a\nb', b'a\0b\0']))
        self.assertEqual(self.value('describe(a, b, c, d, e, f)', 'text'),
                         b'0:2 1:3 2:2 3:128 4:4 5:4 ')
        self.assertEqual(self.value('longest(["a"])', 'text'), b'["a"]')  # JSON is one text
        self.ok(self.kernel.push('l', 'lines', b'a\n\nlong\nb'))
        self.assertEqual(self.value('longest(l)', 'text'), b'long')

    def test_arrays(self):
        self.ok(self.kernel.push('a', 'npy', npy('<i4', (2, 3, 1), bytes(24))))
        self.assertEqual(self.value('shape(a)', 'text'), b'i4 2 3 1')
        for data in (npy('>f8', (1,), bytes(8)), npy('<c16', (1,), bytes(16)),
                     npy('<f8', (2, 2), bytes(32), 'True'), npy([('a', '<f8')], (1,), bytes(8))):
            self.ok(self.kernel.push('a', 'npy', data))
            self.fails('shape(a)', 'TypeError', 'not an array of numbers')
            self.assertEqual(self.ok(self.kernel.pull('a', form='npy')).buffers, [data])
            self.assertEqual(self.ok(self.kernel.pull('a')).content['types'], ['repr'])
        self.ok(self.kernel.push('a', 'npy', npy('<f8', (2,), bytes(16), 'True')))
        self.assertEqual(self.value('shape(a)', 'text'), b'f8 2')

    def test_results(self):
        for kind, item in [('i', 1), ('u', 2), ('i', 4), ('u', 8)]:
            self.assertEqual(self.value('grid("%s", %d)' % (kind, item)), b'[[0, 1, 2], [3, 4, 5]]')
        self.assertEqual(self.value('grid("b", 1)')[:19], b'[[false, true, true')
        self.fails('grid("f", 3)', 'NativeError', 'no array of such a type')
        self.fails('huge()', 'NativeError', 'no memory')
        self.fails('bad_result(0)', 'NativeError', 'its result: not JSON')
        self.fails('bad_result(3)', 'NativeError', 'NumPy')
        self.fails('bad_result(9)', 'NativeError', 'unknown type')
        self.assertEqual(self.value('number(0.1)'), b'0.1')
        self.assertEqual(self.value('number(5)'), b'5.0')

    def test_errors(self):
        reply = self.fails('fail_with(3)', 'NativeError', 'fail_with: it returned 3')
        self.assertEqual(reply.content['exit_status'], 3)
        reply = self.fails('fail_with(-1, "why")', 'NativeError', 'fail_with: no good: why')
        self.assertNotIn('exit_status', reply.content)
        self.assertEqual(self.value('fail_with(0, "not said")'), b'null')


class PushAndPull(Case):
    def test_push(self):
        self.error(self.kernel.push('v', 'yaml', b''), 'ValueError')
        self.error(self.kernel.push('v', 'json', b'{'), 'ValueError')
        self.error(self.kernel.push('v', 'npy', b'\x93NUMPY'), 'ValueError')
        self.error(self.kernel.push('v', 'npy', doubles(1, 2)[:-1]), 'ValueError')
        self.error(self.kernel.push('a b', 'text', b''), 'ValueError')
        self.ok(self.kernel.push('v', 'ref', b'total([1, 2])'))
        self.assertEqual(self.value('v'), b'3')
        reply = self.kernel.request('push_request', {'names': ['n', 'm'], 'types': ['text', 'ref']},
                                    [b'', b'nope'])
        self.assertEqual(self.error(reply, 'NameError').content['name'], 'nope')
        self.error(self.kernel.pull('n'), 'NameError')
        self.ok(self.kernel.request('push_request', {'unbind': ['v', 'never']}))
        self.error(self.kernel.pull('v'), 'NameError')

    def test_pieces(self):
        stage = lambda *buffers, **more: self.kernel.request(
            'push_request', dict({'stage': 's'}, **more), list(buffers))
        data = doubles(1, 2, 3)
        self.ok(stage(data[:100], begin=True))
        self.ok(stage(data[100:], name='v', type='npy', end=True))
        self.assertEqual(self.value('scale(v, 1)'), b'[1.0, 2.0, 3.0]')
        self.error(stage(b'x'), 'KeyError')

    def test_pull(self):
        self.ok(self.kernel.request('push_request', {
            'names': list('jtbnl'), 'types': ['json', 'text', 'bytes', 'npy', 'lines']},
            [b' [1, "a"]\n', b'\xff"', b'\0\1', doubles(1, float('nan')), b'x\ny z\n']))
        reply = self.ok(self.kernel.pull('j', 't', 'b', 'n', 'l', 'scale(1, 3)'))
        self.assertEqual(reply.buffers, [b'[1, "a"]', b'\xff"', b'\0\1', b'[1.0, nan]',
                                         b'["x", "y z"]', b'[3.0]'])
        self.assertEqual(reply.content['types'], ['json', 'text', 'bytes', 'repr', 'json', 'json'])
        reply = self.ok(self.kernel.pull('t', 'b', 'n', form='json'))
        self.assertEqual(reply.buffers, [b'"\\udcff\\""', b'AAE=', b'"[1.0, nan]"'])
        reply = self.ok(self.kernel.pull('j', 't', 'b', 'n', 'l', elements=True, sep='\0'))
        self.assertEqual(reply.buffers, [b'1\0a\0', b'\xff"\0', b'\0\1', b'1.0\0nan\0',
                                         b'x\0y z\0'])
        self.assertEqual(reply.content['counts'], [2, 1, None, 2, 2])
        reply = self.ok(self.kernel.pull('b', 'n', 'l', elements=True, form='json'))
        self.assertEqual(reply.buffers, [b'"AAE="\n', b'1.0\n"nan"\n', b'"x"\n"y z"\n'])
        self.ok(self.kernel.push('g', 'ref', b'grid("i", 4)'))
        self.assertEqual(self.kernel.pull('g', elements=True).buffers, [b'[0, 1, 2]\n[3, 4, 5]\n'])
        self.error(self.kernel.pull('t', form='npy'), 'TypeError')
        self.error(self.kernel.pull('a b'), 'SyntaxError')
        self.assertEqual(self.error(self.kernel.pull('nope'), 'NameError').content['name'], 'nope')

    def test_large(self):
        data = npy('<f8', (6_500_000,), struct.pack('<d', 1.5) * 6_500_000)
        self.ok(self.kernel.push('x', 'npy', data))
        self.ok(self.kernel.execute('y = scale(x, 2)'))
        reply = self.ok(self.kernel.pull('y', form='npy', limit=1 << 20))
        token, size = reply.content['token'], reply.content['sizes'][0]
        back = b''.join(
            self.kernel.request('pull_request', {'token': token, 'index': 0, 'offset': at,
                                                 'length': 1 << 24}).buffers[0]
            for at in range(0, size, 1 << 24))
        self.assertEqual(len(back), 128 + 52_000_000)
        self.assertEqual(back[128:], struct.pack('<d', 3) * 6_500_000)

    def test_list_and_clear(self):
        self.ok(self.kernel.execute('b = [1, 2]\na = "xy"\nc = 1\ng = grid("i", 4)'))
        self.assertEqual([(one['name'], one['type'], one['size']) for one in self.names()],
                         [('a', 'text', 2), ('b', 'json', 2), ('c', 'json', None), ('g', 'npy', 6)])
        self.ok(self.kernel.request('clear_request', {}))
        self.assertEqual(self.names(), [])


class Map(Case):
    def test_calls(self):
        self.ok(self.kernel.execute('f = 2'))
        for code in ('scale(x, f)', 'scale(scale(x, 1), 2)'):
            reply = self.ok(self.kernel.map(code, [b'1', b'-2.5', b'1e2']))
            self.assertEqual((reply.content['form'], reply.buffers),
                             ('lines', [b'[2.0]\n[-5.0]\n[200.0]\n']))
        self.assertEqual(self.kernel.map('total', [b'1', b'2']).buffers, [b'1\n2\n'])
        self.assertEqual(self.kernel.map('x', [b'01', b'5', b'a b', b'']).buffers,
                         [b'01\n5\na b\n\n'])
        self.assertEqual(self.kernel.map('describe(_)', [b'5']).buffers, [b'1:1 \n'])
        self.assertEqual(self.kernel.map('total', [b'[1, 2]'], type='json').buffers, [b'3\n'])
        self.assertEqual(self.kernel.map('x', [b'a'], json=True).buffers, [b'"a"\n'])
        reply = self.ok(self.kernel.map('x', [b'a\nb', b'c'], sep=b'\0'))
        self.assertEqual((reply.content['form'], reply.content['sizes'], reply.buffers),
                         ('sized', [3, 1], [b'a\nbc']))
        self.assertEqual(self.ok(self.kernel.map('x', [])).buffers, [b''])
        self.assertEqual([one['name'] for one in self.names()], ['f'])  # x is the map's own

    def test_failures(self):
        reply = self.ok(self.kernel.map('total', [b'1', b'x'] + [b'1.5'] * 20 + [b'2']))
        self.assertEqual((reply.content['form'], reply.buffers), ('sized', [b'12']))
        failed = reply.content['failed']
        self.assertEqual([one['index'] for one in failed], list(range(1, 22)))
        self.assertEqual((failed[0]['ename'], failed[0]['evalue']),
                         ('TypeError', 'total: argument 1 is text, not integers'))
        self.assertEqual([len(one['traceback']) for one in failed], [1] * 16 + [0] * 5)
        self.error(self.kernel.map('total(', [b'1']), 'SyntaxError')
        good = {'code': 'x', 'count': 1, 'sep': '\n'}
        for change in ({'count': 2}, {'count': -1}, {'sep': ','}, {'out': 1},
                       {'type': 'yaml'}):
            with self.subTest(change):
                self.error(self.kernel.request('map_request', dict(good, **change), [b'1\n']),
                           'ValueError')


class LifeAndDeath(Case):
    def test_interrupts(self):
        for how in ('asks', 'sleeps', 'late'):
            with self.subTest(how):
                request = self.kernel.send('execute_request', {'code': 'wait("%s")\nx = 1' % how,
                                                               'silent': True})
                self.kernel.wait_piped(b'waiting\n')
                self.kernel.take_piped()
                self.kernel.interrupt(request)
                self.error(self.kernel.reply(), 'KeyboardInterrupt')
        self.assertEqual(self.names(), [])
        self.kernel.signal()  # nothing runs: nothing happens
        self.assertEqual(self.value('total([1, 2])'), b'3')

    def test_interrupted_before_it_begins(self):
        for how in ('asks', 'sleeps'):
            reply = self.kernel.interrupt_before_it_begins(
                'execute_request', {'code': 'wait("%s")' % how, 'silent': True})
            self.error(reply, 'KeyboardInterrupt')
        self.assertEqual(self.value('total([1, 2])'), b'3')

    def test_interrupted_map(self):
        self.kernel.send('map_request', {'code': 'wait', 'count': 2, 'sep': '\n', 'type': 'text'},
                         [b'a\na\n'])
        self.kernel.wait_piped(b'waiting\n')
        self.kernel.signal()
        self.error(self.kernel.reply(), 'KeyboardInterrupt')

    def death(self, code):
        self.kernel.send('execute_request', {'code': code, 'silent': True})
        with self.assertRaises(driver.KernelDied) as caught:
            self.kernel.reply()
        return self.kernel.wait(), str(caught.exception)

    def test_crash(self):
        status, said = self.death('crash(1)')
        self.assertEqual(status, -signal.SIGSEGV)
        self.assertIn('about to', said)

    def test_exit(self):
        self.assertEqual(self.death('leave()')[0], 7)

    def test_engine_gone(self):
        self.kernel.socket.close()
        self.assertEqual(self.kernel.wait(), 0)

    def test_engine_gone_while_a_function_runs(self):
        self.kernel.send('execute_request', {'code': 'forever()', 'silent': True})
        self.kernel.wait_piped(b'waiting')
        self.kernel.socket.close()
        self.assertEqual(self.kernel.wait(), 0)

    def test_bad_requests(self):
        self.kernel.send_frames([b'{"msg_type": "list_request"}', b'{}', b'{}', b'{bad'])
        self.error(self.kernel.reply(), 'ValueError')
        self.error(self.kernel.request('apply_request', {}), 'NotImplementedError')
        self.error(self.kernel.execute('a\0b'), 'ValueError')

    def test_no_engine(self):
        environment = {key: value for key, value in os.environ.items() if key != 'IPKIT_KERNEL_FD'}
        done = subprocess.run([driver.NATIVE], env=environment, capture_output=True, timeout=30)
        self.assertEqual((done.returncode, done.stderr[:20]), (64, b'ipkit-kernel-native:'))


if __name__ == '__main__':
    unittest.main()

# SPDX-License-Identifier: BSD-3-Clause
# test_tasks.py: code with values that come and go with it, and clearing around it.
import unittest

import driver


class Tasks:
    """What holds for every kernel; DOUBLE is code that makes y of x, FAIL fails."""

    def setUp(self):
        self.kernel = self.start()
        self.addCleanup(self.kernel.close)

    def ok(self, reply):
        self.assertEqual(reply.header['status'], 'ok', reply.content)
        return reply

    def names(self):
        names = self.ok(self.kernel.request('list_request', {})).content['names']
        return [one['name'] for one in names]

    def run_task(self, code, buffers=(b'21',), **more):
        content = dict({'push': {'names': ['x'], 'types': ['json']}, 'pull': ['y']}, **more)
        return self.kernel.execute(code, buffers, **content)

    def test_push_run_pull(self):
        reply = self.ok(self.run_task(self.DOUBLE))
        self.assertEqual(reply.content['pulled'], {'names': ['y'], 'types': [self.TYPE]})
        self.assertEqual(reply.buffers, [b'42'])
        self.assertEqual(self.names(), ['x', 'y'])
        reply = self.ok(self.run_task('', pull=['y', 'x']))
        self.assertEqual(reply.buffers, [b'42', b'21'])
        self.assertEqual(self.ok(self.run_task('', pull=[])).buffers, [])
        self.assertNotIn('pulled', self.ok(self.run_task('', pull=None)).content)

    def test_clear(self):
        self.ok(self.run_task(self.DOUBLE))
        self.ok(self.run_task('', push=None, buffers=(), pull=None, clear_before=True))
        self.assertEqual(self.names(), [])
        reply = self.ok(self.run_task(self.DOUBLE, clear_after=True))
        self.assertEqual(reply.buffers, [b'42'])
        self.assertEqual(self.names(), [])

    def test_failure_clears_too(self):
        for code, more in [(self.FAIL, {}), (self.DOUBLE, {'pull': ['nothing']}),
                           (self.DOUBLE, {'push': {'names': ['x'], 'types': []}}),
                           (self.DOUBLE, {'push': 1}), (self.DOUBLE, {'pull': 'y'}),
                           (self.DOUBLE, {'pull': [1]})]:
            with self.subTest(code=code, **more):
                reply = self.run_task(code, clear_after=True, **more)
                self.assertEqual(reply.header['status'], 'error', reply.content)
                self.assertEqual(self.names(), [])

    def test_input_comes_first(self):
        reply = self.ok(self.run_task(self.READ, (b'7', b'35'), stdin=True))
        self.assertEqual(reply.buffers, [b'42'])
        self.assertEqual(self.run_task(self.READ, (b'7',), stdin=True).header['status'], 'error')


class Python(Tasks, unittest.TestCase):
    start = staticmethod(driver.python_kernel)
    DOUBLE, FAIL, TYPE = 'y = 2 * x', '1/0', 'json'
    READ = 'y = x + int(input())'

    def test_value_and_pulled(self):
        reply = self.ok(self.run_task('y = 2 * x\ny - 1', value=True))
        self.assertEqual((reply.content['value'], reply.buffers), ({'type': 'json'},
            [b'41', b'42']))


class Shell(Tasks, unittest.TestCase):
    start = staticmethod(driver.sh_kernel)
    DOUBLE, FAIL, TYPE = 'y=$((2 * x))', 'false', 'text'
    READ = 'read -r n; y=$((x + n)); unset n'


if __name__ == '__main__':
    unittest.main()

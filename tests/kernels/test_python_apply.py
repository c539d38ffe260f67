# SPDX-License-Identifier: BSD-3-Clause
# test_python_apply.py: the python kernel: calls of ipyparallel's clients, with the package in the
# engine's python and with ipkit's stand-in only.
import functools
import os
import unittest

import driver
from test_python import Case

try:
    import ipyparallel
    from ipyparallel import util
    from ipyparallel.serialize import deserialize_object, pack_apply_message
except ImportError:
    ipyparallel = None
try:
    import numpy
except ImportError:
    numpy = None

BARE = os.path.join(driver.ROOT, 'tests', 'kernels', 'bare')


def main(thing):
    """A function or class as if it came from a notebook."""
    thing.__module__ = '__main__'
    return thing


class Client(Case):
    def call(self, function, *args, **kwargs):
        packed = [bytes(frame) for frame in pack_apply_message(function, args, kwargs)]
        return self.kernel.request('apply_request', {}, packed)

    def result(self, function, *args, **kwargs):
        return deserialize_object(self.ok(self.call(function, *args, **kwargs)).buffers)[0]


@unittest.skipUnless(ipyparallel, 'ipyparallel is not importable here')
class Apply(Client):
    def test_what_the_views_send(self):
        self.result(util._push, x=5, y=[1, 2])
        self.assertEqual(self.result(util._pull, ['x', 'y']), [5, [1, 2]])
        self.assertEqual(self.result(util._pull, 'x + 1'), 6)
        self.result(util._execute, 'z = x * 2')
        self.assertEqual(self.value('z'), ('json', b'10'))
        self.error(self.call(util._pull, 'nope'), 'NameError')
        self.result(util._push, **{'y[0]': 7})
        self.assertEqual(self.value('y'), ('json', b'[7, 2]'))

    def test_functions_and_references(self):
        self.result(util._push, x=5)
        self.assertEqual(self.result(main(lambda v, k=1: v + k), 2, k=40), 42)
        self.assertEqual(self.result(main(lambda v: v + 1), ipyparallel.Reference('x')), 6)
        self.assertEqual(self.result(main(lambda *, k=3: k)), 3)
        held = 4
        self.assertEqual(self.result(main(lambda: held + x)), 9)  # noqa: F821
        self.assertEqual(self.call(ipyparallel.interactive(lambda: print(x))).out,  # noqa: F821
            b'5\n')

    def test_partials_and_classes(self):
        add = main(lambda a, b, c=0: len(a) + b + c)
        self.assertEqual(self.result(functools.partial(add, b'z' * 5000, c=b'q' and 2), 3), 5005)

        @main
        class Counter:
            start = 10

            def next(self):
                return self.start + 1
        Counter.next.__module__ = '__main__'
        self.assertEqual(self.result(main(lambda kind: kind().next()), Counter), 11)
        self.assertEqual(self.result(main(lambda kind: kind), Counter)().next(), 11)

    def test_large_and_small_buffers(self):
        self.assertEqual(self.result(len, b'z' * 100000), 100000)
        self.assertEqual(self.result(main(lambda n: b'z' * n), 100000), b'z' * 100000)
        mixed = [b'a' * 3, b'b' * 5000, 'c', memoryview(b'd' * 5000), {'e': 1}]
        back = self.result(main(lambda v: v), mixed)
        self.assertEqual([bytes(one) if isinstance(one, memoryview) else one for one in back],
            [bytes(one) if isinstance(one, memoryview) else one for one in mixed])
        named = self.result(main(lambda **k: k), b=b'b' * 5000, a=b'a' * 5000)
        self.assertEqual(named, {'a': b'a' * 5000, 'b': b'b' * 5000})
        many = self.result(main(lambda v: v), list(range(1000)))
        self.assertEqual(many, list(range(1000)))

    def test_conditions(self):
        condition = ipyparallel.depend(main(lambda wanted: wanted == 1), 1)
        self.assertEqual(self.result(condition(main(lambda: 'run'))), 'run')
        condition = ipyparallel.depend(main(lambda wanted: wanted == 1), 2)
        self.error(self.call(condition(main(lambda: 'run'))), 'UnmetDependency')
        needs = ipyparallel.require('json', helper=main(lambda v: v * 2))
        both = main(lambda: json.dumps(helper(2)))  # noqa: F821
        self.assertEqual(self.result(needs(both)), '4')
        unmet = ipyparallel.require('no_such_module')(lambda: 1)
        reply = self.error(self.call(unmet), 'UnmetDependency')
        self.assertIs(reply.header['dependencies_met'], False)

    def test_errors(self):
        reply = self.error(self.call(main(lambda: 1 / 0)), 'ZeroDivisionError')
        self.assertEqual((reply.content['engine_info']['method'], reply.buffers), ('apply', []))
        self.assertTrue(reply.content['traceback'])
        self.assertEqual(len(reply.content['frames']), 1)
        self.assertNotIn('dependencies_met', reply.header)
        self.error(self.kernel.request('apply_request', {}, []), 'ValueError')
        self.assertEqual(self.kernel.request('apply_request', {}, [b'x', b'y']).header['status'],
            'error')
        self.error(self.call(main(lambda: (lambda: 0).__code__.co_name + 1)), 'TypeError')
        unpicklable = self.call(main(lambda: __import__('_thread').allocate_lock()))
        self.assertEqual(unpicklable.header['status'], 'error')

    def test_data_messages(self):
        def publish():
            from ipyparallel.datapub import publish_data
            publish_data({'a': 1})
        reply = self.ok(self.call(main(publish)))
        message, = reply.messages('data_message')
        self.assertEqual(message.content, {'keys': ['a']})
        self.assertEqual(deserialize_object(message.buffers)[0], {'a': 1})

    def test_classes_that_code_catches(self):
        def raising():
            import ipyparallel
            try:
                raise ipyparallel.error.UnmetDependency('x')
            except ipyparallel.error.KernelError as error:
                return str(error)
        self.assertEqual(self.result(main(raising)), 'x')


@unittest.skipUnless(ipyparallel and numpy, 'no NumPy here')
class Arrays(Client):
    def test_arrays(self):
        array = numpy.arange(5000)
        self.assertEqual(self.result(main(lambda a: int(a.sum())), array), array.sum())
        self.assertTrue((self.result(main(lambda a: a * 2), array) == array * 2).all())
        for array in (numpy.zeros((0, 3)), numpy.array(5.5), numpy.array([{}, None]),
                      numpy.ones((3, 4), order='F'),
                      numpy.zeros(3, dtype=[('a', 'i4'), ('b', 'f8')])):
            back = self.result(main(lambda a: a), array)
            self.assertEqual((back.shape, back.dtype), (array.shape, array.dtype))
            self.assertEqual(back.tolist(), array.tolist())


class StandIn(Apply):
    """The same tests in a python that has no packages."""

    def setUp(self):
        self.kernel = driver.python_kernel(env={'PYTHONPATH': BARE})
        self.addCleanup(self.kernel.close)

    def test_it_is_one(self):
        self.result(main(lambda: 1))
        where = self.value('__import__("ipyparallel").__file__')[1].decode()
        self.assertIn('kernels/python/standin/ipyparallel/', where)
        missing = self.kernel.execute('import ipyparallel\nipyparallel.Client')
        missing = self.error(missing, 'AttributeError')
        self.assertIn('install ipyparallel', missing.content['evalue'])
        self.error(self.kernel.execute('import ipyparallel.nonsense'), 'ModuleNotFoundError')

    def test_errors_as_values(self):
        error = ipyparallel.error.RemoteError('E', 'v', 'trace\nback', {'engine_id': 3})
        self.assertEqual(self.result(main(lambda e: [e.ename, e.evalue]), error), ['E', 'v'])

    def test_functions_use_its_modules(self):
        function = ipyparallel.client.remotefunction._map
        self.assertEqual(self.result(function, len, ['a', 'bb']), [1, 2])


@unittest.skipUnless(ipyparallel, 'ipyparallel is not importable here')
class Package(Apply):
    """The same tests after the user's code has loaded ipyparallel."""

    def setUp(self):
        super().setUp()
        self.ok(self.kernel.execute('import ipyparallel'))


@unittest.skipUnless(ipyparallel and numpy, 'no NumPy here')
class PackageArrays(Arrays):
    def setUp(self):
        super().setUp()
        self.ok(self.kernel.execute('import ipyparallel'))


@unittest.skipUnless(ipyparallel, 'ipyparallel is not importable here')
class Lazy(Client):
    def test_the_package_is_not_loaded_without_need(self):
        self.result(util._push, x=5)
        self.result(main(lambda: [b'z' * 5000, lambda: 0]))
        self.result(ipyparallel.require('json', y=main(lambda: 1))(main(lambda: 1)))
        self.assertEqual(self.value('[n for n in ("ipyparallel", "IPython") '
                                    'if n in __import__("sys").modules]'), ('json', b'[]'))

    def test_the_package_takes_what_came_before_it(self):
        # A list in a list is not looked into: the Reference in it stays one.
        self.result(util._push, x=5, held=[[ipyparallel.Reference('x')]])
        code = 'from ipyparallel.serialize import uncan\nuncan(held[0][0], globals())'
        self.assertEqual(self.value(code), ('json', b'5'))

    def test_functions_that_change_the_pickle(self):
        for name in ('use_pickle',):
            self.result(getattr(ipyparallel.serialize, name))
        self.assertEqual(self.result(main(lambda: (lambda: 3)))(), 3)


@unittest.skipUnless(ipyparallel, 'ipyparallel is not importable here')
class Versions(Client):
    def test_every_python_there_is(self):
        pythons = list(driver.pythons())
        if not pythons:
            self.skipTest('only one python here')
        for name, path in pythons:
            with self.subTest(name):
                self.kernel.close()
                self.kernel = driver.python_kernel(python=path, env={'PYTHONPATH': BARE})
                self.addCleanup(self.kernel.close)
                self.result(util._push, x=[1, b'z' * 5000])
                self.assertEqual(self.result(util._pull, 'x'), [1, b'z' * 5000])
                self.assertEqual(self.result(len, ipyparallel.Reference('x')), 2)
                self.error(self.call(len, 5), 'TypeError')
                # Its own functions go to a client as they are.
                self.kernel.execute('def f(a, b=2, *, c=3): return a + b + c')
                function = ('from ipyparallel.serialize import *\n'
                            'deserialize_object(serialize_object(f), globals())[0](1)')
                self.assertEqual(self.value(function), ('json', b'6'))


if __name__ == '__main__':
    unittest.main()

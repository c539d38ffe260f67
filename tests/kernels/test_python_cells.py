# SPDX-License-Identifier: BSD-3-Clause
# test_python_cells.py: what notebooks' clients send: IPython's syntax, displays, await; whose
# output is whose; nothing of ours in the user's way.
import os
import tempfile
import unittest

import driver
from test_python import Case

try:
    import IPython
except ImportError:
    IPython = None

BARE = os.path.join(driver.ROOT, 'tests', 'kernels', 'bare')


class Cells(Case):
    env = {}

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        env = dict({'HOME': directory.name, 'IPYTHONDIR': directory.name}, **self.env)
        self.kernel = driver.python_kernel(env=env)
        self.addCleanup(self.kernel.close)

    def cell(self, code, **more):
        return self.kernel.execute(code, silent=False, **more)

    def data(self, reply, kind='execute_result'):
        return [message.content['data'] for message in self.ok(reply).messages(kind)]


@unittest.skipUnless(IPython, 'no IPython here')
class Syntax(Cells):
    def test_ipython_loads_when_it_is_needed_only(self):
        self.ok(self.cell('x = 1\nprint(x)'))
        self.error(self.cell('x = = 1'), 'SyntaxError')
        self.assertEqual(self.value('"IPython" in __import__("sys").modules'), ('json', b'false'))

    def test_magics_commands_and_questions(self):
        self.assertEqual(self.data(self.cell('a = !echo one; echo two\na')),
            [{'text/plain': "['one', 'two']"}])
        reply = self.ok(self.cell('!echo hello {a[0]}; exit 3'))
        self.assertEqual(reply.out, b'hello one\n')
        self.assertEqual(self.value('_exit_code'), ('json', b'3'))
        reply = self.ok(self.cell('len?'))
        page, = reply.content['payload']
        self.assertIn('number of items', page['data']['text/plain'])
        self.assertIn(b'number of items', self.ok(self.kernel.execute('len?', value=True)).out)
        reply = self.cell('%%capture held\nprint("kept")')
        self.assertEqual(self.ok(reply).out, b'')
        self.assertEqual(self.value('held.stdout'), ('text', b'kept\n'))
        self.error(self.cell('%no_such_magic'), 'UsageError')
        self.error(self.cell('!true\n1/0'), 'ZeroDivisionError')

    def test_nothing_of_it_shows_in_the_namespace(self):
        self.ok(self.cell('In = 5\nx = 1'))
        self.ok(self.cell('%who\n7'))
        self.assertEqual(self.value('In, Out[2]'), ('json', b'[5, 7]'))
        names = [one['name'] for one in self.kernel.request('list_request', {}).content['names']]
        self.assertEqual(names, ['In', 'x'])
        self.kernel.request('clear_request', {})
        self.error(self.cell('x'), 'NameError')
        self.assertEqual(self.data(self.cell('!true\n8')), [{'text/plain': '8'}])

    def test_displays(self):
        reply = self.cell('from IPython.display import HTML\ndisplay(HTML("<b>"))\nprint("p")\n'
                          'display({1: 2}, display_id="d")\nHTML("<i>")')
        first, second = self.data(reply, 'display_data')
        self.assertEqual((first['text/html'], second), ('<b>', {'text/plain': '{1: 2}'}))
        self.assertEqual(self.data(reply)[0]['text/html'], '<i>')
        self.assertEqual([m.content['transient'] for m in reply.messages('display_data')],
            [{}, {'display_id': 'd'}])
        self.assertEqual(reply.out, b'p\n')
        reply = self.cell('class Picture:\n def _repr_png_(self): return b"\\x89PNG"\n'
                          'display(Picture())')
        self.assertEqual(self.data(reply, 'display_data')[0]['image/png'], 'iVBORw==')
        reply = self.cell('from IPython.display import clear_output, update_display\n'
                          'clear_output(); update_display(3, display_id="d")')
        self.assertEqual([m.kind for m in reply.before],
            ['execute_input', 'clear_output', 'update_display_data'])

    def test_get_ipython_and_its_events(self):
        self.assertEqual(self.value('get_ipython().user_ns is globals()'), ('json', b'true'))
        self.ok(self.cell('import IPython\nassert IPython.get_ipython() is get_ipython()\n'
                          'get_ipython().events.register("post_execute", lambda: print("after"))'))
        self.assertEqual(self.ok(self.cell('print("in")')).out, b'in\nafter\n')

    def test_hello_names_the_engine(self):
        self.kernel.send_frames([b'{"msg_type": "hello"}', b'{}', b'{}',
                                 b'{"engine_uuid": "u", "engine_id": 3, "profile_dir": ""}'])
        self.assertEqual(self.value('get_ipython().kernel.engine_id'), ('json', b'3'))


@unittest.skipUnless(IPython, 'no IPython here')
class Always(Cells):
    env = {'IPKIT_IPYTHON': '1'}

    def test_what_python_would_take_otherwise(self):
        self.ok(self.cell('cd /'))
        self.assertEqual(self.value('__import__("os").getcwd()'), ('text', b'/'))
        self.assertEqual(self.data(self.cell('{"b": 1, "a": 2}')),
            [{'text/plain': "{'b': 1, 'a': 2}"}])


@unittest.skipUnless(IPython, 'no IPython here')
class Never(Cells):
    env = {'IPKIT_IPYTHON': '0'}

    def test_plain_python(self):
        self.error(self.cell('%who'), 'SyntaxError')
        self.error(self.cell('display(1)'), 'NameError')


class Bare(Cells):
    env = {'PYTHONPATH': BARE}

    def test_python_without_packages(self):
        self.error(self.cell('%who'), 'SyntaxError')
        self.error(self.cell('display(1)'), 'NameError')
        self.error(self.cell('get_ipython()'), 'NameError')
        self.assertEqual(self.data(self.cell('[1]')), [{'text/plain': '[1]'}])

    def test_await(self):
        self.ok(self.cell('import asyncio\nasync def f():\n await asyncio.sleep(0)\n return 4'))
        self.assertEqual(self.data(self.cell('await f()')), [{'text/plain': '4'}])
        self.assertEqual(self.value('x = await f()\nx + 1'), ('json', b'5'))
        # What a cell leaves running goes on in the next one.
        self.ok(self.cell('async def g(): return asyncio.ensure_future(f())\nlater = await g()'))
        self.assertEqual(self.value('await later'), ('json', b'4'))
        self.error(self.cell('await f(1)'), 'TypeError')
        msg_id = self.kernel.send('execute_request', {'silent': True, 'code':
            'print("s", flush=True)\nawait asyncio.sleep(60)'})
        self.assertEqual(self.kernel.receive().kind, 'stream')
        self.kernel.interrupt(msg_id)
        self.error(self.kernel.reply(msg_id), 'KeyboardInterrupt')
        self.assertEqual(self.value('await f()'), ('json', b'4'))

    def test_input_is_refused(self):
        reply = self.error(self.cell('input("name? ")'), 'EOFError')
        self.assertIn('no standard input', reply.content['evalue'])
        self.error(self.cell('import getpass, warnings\nwarnings.simplefilter("ignore")\n'
                             'getpass.getpass("password? ")'), 'EOFError')


class Threads(Cells):
    """A thread's output belongs to the request that started it."""

    def streams(self, reply_to):
        """[(parent's id, bytes)] until the reply to reply_to."""
        found = []
        while True:
            message = self.kernel.receive()
            if message.kind == 'stream':
                found.append((message.parent['msg_id'], message.buffers[0]))
            elif message.kind.endswith('_reply'):
                self.ok(message)
                if message.parent['msg_id'] == reply_to:
                    return found

    def test_one_left_behind(self):
        first = self.kernel.send('execute_request', {'silent': True, 'code':
            'import threading\ngo, done = threading.Event(), threading.Event()\n'
            'def f():\n go.wait(); print("from the thread"); done.set()\n'
            'threading.Thread(target=f).start()'})
        self.streams(first)
        second = self.kernel.send('execute_request', {'silent': True, 'code':
            'print("before")\ngo.set(); done.wait()\nprint("after")'})
        found = self.streams(second)
        self.assertEqual([data for parent, data in found if parent == first],
            [b'from the thread\n'])
        self.assertEqual(b''.join(data for parent, data in found if parent == second),
            b'before\nafter\n')

    def test_pool_of_an_earlier_request(self):
        first = self.kernel.send('execute_request', {'silent': True, 'code':
            'from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)\n'
            'pool.submit(print, 1).result()'})
        self.assertEqual(self.streams(first), [(first, b'1\n')])
        second = self.kernel.send('execute_request', {'silent': True, 'code':
            'pool.submit(print, 2).result()'})
        self.assertEqual(self.streams(second), [(second, b'2\n')])

    def test_traceback_of_a_thread(self):
        reply = self.ok(self.cell('import threading\nt = threading.Thread(target=lambda: 1/0)\n'
                                  't.start(); t.join()'))
        self.assertIn(b'ZeroDivisionError', reply.err)


class Isolation(Case):
    NAMES = ('channel', 'values', 'tools', 'streams', 'errors', 'loop', 'data', 'execute', 'kernel',
             'mapping', 'apply', 'hooks', 'shell', 'frontend', 'facade', 'standin')

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        for name in self.NAMES:
            with open(os.path.join(directory.name, name + '.py'), 'w') as file:
                file.write('mine = %r\n' % name)
        self.kernel = driver.python_kernel(cwd=directory.name)
        self.addCleanup(self.kernel.close)

    def test_files_with_the_names_of_ours(self):
        code = '\n'.join('import %s; assert %s.mine == %r' % (name, name, name)
                         for name in self.NAMES)
        self.ok(self.kernel.execute(code))
        for kind, content in (('complete_request', {'code': 'pri', 'cursor_pos': 3}),
                              ('list_request', {}), ('kernel_info_request', {})):
            self.ok(self.kernel.request(kind, content))
        self.assertEqual(self.kernel.map('x', [b'1']).buffers, [b'1\n'])
        self.kernel.push('v', 'json', b'1')
        self.assertEqual(self.kernel.pull('v').buffers, [b'1'])
        self.error(self.kernel.request('apply_request', {}, []), 'ValueError')

    def test_names_at_the_start(self):
        self.assertEqual(self.value('sorted(globals())')[1],
            b'["__builtins__", "__doc__", "__loader__", "__name__", "__package__", "__spec__"]')
        self.assertEqual(self.value('__name__, __import__("sys").modules["__main__"].__dict__ '
                                    'is globals()')[1], b'["__main__", true]')


if __name__ == '__main__':
    unittest.main()

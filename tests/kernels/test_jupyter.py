# SPDX-License-Identifier: BSD-3-Clause
# test_jupyter.py: Jupyter's kernels behind the contract: Debian's ipykernel and IRkernel.
import base64
import glob
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import driver

SPECS = '/usr/share/jupyter/kernels/'
BUSY = 5.0  # seconds for what takes less than the one that an engine waits before it kills


def wait_for(what, condition, limit=driver.LIMIT):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.01)


def is_gone(pid):
    try:
        with open('/proc/%d/stat' % pid) as file:
            return file.read().rpartition(')')[2].split()[0] == 'Z'
    except FileNotFoundError:
        return True


class Case(unittest.TestCase):
    """One kernel for all tests of a class."""
    name = None

    @classmethod
    def setUpClass(cls):
        if not os.path.exists(SPECS + cls.name):
            raise unittest.SkipTest('no kernel %s in %s' % (cls.name, SPECS))
        cls.directory = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.kernel = driver.jupyter_kernel('jupyter:' + cls.name,
                                           env={'XDG_RUNTIME_DIR': cls.directory})
        cls.addClassCleanup(cls.kernel.close)

    def ok(self, reply):
        self.assertEqual(reply.header['status'], 'ok', reply.content)
        return reply

    def error(self, reply, ename):
        self.assertEqual(reply.header['status'], 'error', reply.content)
        self.assertEqual(reply.content['ename'], ename, reply.content)
        return reply

    def value(self, code):
        reply = self.ok(self.kernel.execute(code, value=True))
        return reply.content['value']['type'], reply.buffers[0]

    def interrupted(self, code):
        """The reply to code that is interrupted as soon as it runs."""
        request = self.kernel.send('execute_request', {'code': code, 'silent': True})
        self.kernel.interrupt(request)
        return self.kernel.reply(request)


class Common:
    """What both kernels can do; the code is theirs."""

    def test_ready(self):
        content = self.kernel.ready.content
        self.assertEqual((content['language'], content['prefetch']), (self.language, 1))
        self.assertRegex(content['version'], r'^\d+\.\d+\.\d+')
        with open('/proc/%d/cmdline' % content['pid']) as file:
            self.assertIn('kernel', file.read())

    def test_connection_file_is_private(self):
        directory, = glob.glob(self.directory + '/*')
        self.assertEqual(os.stat(directory).st_mode & 0o777, 0o700)
        file = directory + '/kernel.json'
        self.assertEqual(os.stat(file).st_mode & 0o777, 0o600)
        with open(file) as stream:
            self.assertEqual(len(json.load(stream)['key']), 64)

    def test_output_comes_before_its_reply(self):
        for number in range(30):
            reply = self.ok(self.kernel.execute(self.say % number))
            self.assertEqual(reply.out, b'%d\n' % number)
            self.assertEqual(reply.before, [])

    def test_a_lot_of_output(self):
        reply = self.ok(self.kernel.execute(self.say_much))
        self.assertEqual(reply.out, b''.join(b'%d\n' % number for number in range(1, 20001)))

    def test_output_of_a_child_process(self):
        for _ in range(10):
            self.assertEqual(self.ok(self.kernel.execute(self.child)).out, b'from a child\n')

    def test_values(self):
        self.assertEqual(self.value('6*7'), ('json', b'42'))
        self.assertEqual(self.value('"a\u00e9"'), ('text', 'a\u00e9'.encode()))
        reply = self.ok(self.kernel.execute(self.assign % ('v', '1'), value=True))
        self.assertNotIn('value', reply.content)

    def test_push_and_pull(self):
        self.ok(self.kernel.push('a', 'json', b'[1, 2, 3]'))
        self.ok(self.kernel.push('t', 'text', 'h\u00e9 "q" \\n\n'.encode()))
        self.ok(self.kernel.push('l', 'lines', b'one\n\ntwo\n'))
        self.ok(self.kernel.push('b', 'bytes', bytes(range(256))))
        reply = self.ok(self.kernel.pull('t', 'b'))
        self.assertEqual(reply.content['types'], ['text', 'bytes'])
        self.assertEqual(reply.buffers, ['h\u00e9 "q" \\n\n'.encode(), bytes(range(256))])
        reply = self.ok(self.kernel.pull('a', 'l', elements=True))
        self.assertEqual(reply.buffers, [b'1\n2\n3\n', b'one\n\ntwo\n'])
        self.assertEqual(reply.content['counts'], [3, 3])
        reply = self.ok(self.kernel.pull('b', form='json'))
        self.assertEqual(reply.buffers, [base64.b64encode(bytes(range(256)))])
        reply = self.error(self.kernel.pull('nowhere'), 'NameError')
        self.assertEqual(reply.content['name'], 'nowhere')
        self.error(self.kernel.push('a', 'json', b'[1,'), self.decode_error)

    def test_a_value_in_pieces(self):
        for number, piece in enumerate((b'[1, 2', b', 3', b']')):
            self.ok(self.kernel.request('push_request', {
                'stage': 's', 'name': 'p', 'type': 'json', 'begin': number == 0,
                'end': number == 2}, [piece]))
        reply = self.ok(self.kernel.pull('p', form='json', limit=3))
        token = reply.content['token']
        self.assertEqual((reply.buffers, reply.content['sizes']), ([], [len(self.json123)]))
        content = {'token': token, 'index': 0, 'offset': 2, 'length': 3}
        reply = self.ok(self.kernel.request('pull_request', content))
        self.assertEqual(reply.buffers, [self.json123[2:5]])
        self.ok(self.kernel.request('pull_request', {'token': token, 'release': True}))
        self.error(self.kernel.request('pull_request', content), 'KeyError')

    def test_large_values(self):
        data = os.urandom(3 << 20)
        self.ok(self.kernel.push('large', 'bytes', data))
        self.assertEqual(self.ok(self.kernel.pull('large')).buffers, [data])
        directory, = glob.glob(self.directory + '/*')
        self.assertEqual(os.listdir(directory), ['kernel.json'])

    def test_map(self):
        reply = self.ok(self.kernel.map('x * 2', [b'1', b'2', b'3']))
        self.assertEqual((reply.content['form'], reply.buffers), ('lines', [b'2\n4\n6\n']))
        reply = self.ok(self.kernel.map('x + 1', [b'1', b'two', b'3'], sep=b'\0'))
        self.assertEqual(reply.content['form'], 'sized')
        self.assertEqual((reply.content['sizes'], reply.buffers), ([1, 0, 1], [b'24']))
        self.assertEqual([failure['index'] for failure in reply.content['failed']], [1])

    def test_list_and_clear(self):
        self.ok(self.kernel.push('kept', 'json', b'[1, 2]'))
        names = self.ok(self.kernel.request('list_request', {})).content['names']
        self.assertIn({'name': 'kept', 'type': self.list_type, 'size': 2}, names)
        self.ok(self.kernel.request('clear_request', {}))
        self.assertEqual(self.kernel.request('list_request', {}).content['names'], [])
        self.error(self.kernel.pull('kept'), 'NameError')

    def test_interrupt_of_the_request_named(self):
        self.error(self.interrupted(self.sleep % 60), 'KeyboardInterrupt')
        request = self.kernel.send('execute_request', {'code': self.sleep % 1, 'silent': True})
        self.kernel.interrupt('another')
        self.ok(self.kernel.reply(request))
        self.kernel.interrupt(request)  # it is over
        self.ok(self.kernel.execute(self.sleep % 1))

    def test_interrupt_of_a_map(self):
        request = self.kernel.send('map_request', {
            'code': self.sleep % 60, 'count': 1, 'sep': '\n', 'type': 'auto', 'out': '\n'},
            [b'1\n'])
        self.kernel.interrupt(request)
        self.error(self.kernel.reply(request), 'KeyboardInterrupt')

    def test_completion_inspection_and_the_rest(self):
        reply = self.ok(self.kernel.request('complete_request', {'code': 'prin', 'cursor_pos': 4}))
        self.assertIn('print', reply.content['matches'])
        reply = self.ok(self.kernel.request('inspect_request', {
            'code': 'print', 'cursor_pos': 5, 'detail_level': 0}))
        self.assertTrue(reply.content['found'])
        reply = self.ok(self.kernel.request('is_complete_request', {'code': 'f('}))
        self.assertEqual(reply.content['status'], 'incomplete')
        reply = self.ok(self.kernel.request('history_request', {
            'hist_access_type': 'tail', 'n': 1, 'output': False, 'raw': True}))
        self.assertIsInstance(reply.content['history'], list)
        reply = self.ok(self.kernel.request('kernel_info_request', {}))
        self.assertEqual(reply.content['language_info']['name'], self.language)
        reply = self.ok(self.kernel.request('connect_request', {}))
        directory, = glob.glob(self.directory + '/*')
        with open(directory + '/kernel.json') as stream:
            self.assertEqual(reply.content['shell_port'], json.load(stream)['shell_port'])
        self.error(self.kernel.request('nonsense_request', {}), 'NotImplementedError')

    def test_what_is_refused(self):
        reply = self.error(self.kernel.execute(self.ask), 'StdinNotImplementedError')
        self.assertIn('input', reply.content['evalue'])
        self.error(self.kernel.execute('1', [b'x'], stdin=True), 'ValueError')
        self.error(self.kernel.execute('1', argv=['a', 'b']), 'ValueError')
        self.error(self.kernel.execute('1', pull=['x']), 'NotImplementedError')
        self.assertEqual(self.value('1'), ('json', b'1'))

    def answered(self, answer):
        """The reply to code that asks whoever sent it, and is answered."""
        request = self.kernel.send('execute_request', {
            'code': self.ask, 'silent': True, 'value': True, 'allow_stdin': True})
        message = self.kernel.receive()
        while message.kind != 'input_request':
            message = self.kernel.receive()
        self.assertEqual(message.parent['msg_id'], request)
        self.assertEqual(message.content, {'prompt': 'name: ', 'password': False})
        self.kernel.send_frames([b'{"msg_type": "input_reply"}', b'{}', b'{}',
                                 json.dumps(dict(answer, msg_id=request)).encode()])
        return self.kernel.reply(request)

    def test_input_comes_from_who_can_be_asked(self):
        self.assertEqual(self.ok(self.answered({'value': 'me'})).buffers, [b'me'])
        self.error(self.kernel.execute(self.ask), 'StdinNotImplementedError')

    def test_not_silent(self):
        reply = self.ok(self.kernel.execute(self.show, silent=False))
        kinds = [message.kind for message in reply.before]
        self.assertEqual(kinds, ['execute_input', self.value_message])
        self.assertIn('3', reply.before[1].content['data']['text/plain'])


@unittest.skipUnless(os.path.exists(driver.JUPYTER), 'not built: %s' % driver.JUPYTER)
class IPykernel(Common, Case):
    name, language = 'python3', 'python'
    say = 'print(%d)'
    say_much = 'for n in range(1, 20001): print(n)'
    child = 'import subprocess; subprocess.run(["echo", "from a child"])'
    assign = '%s = %s'
    sleep = '__import__("time").sleep(%d)'
    sleep_ms = '__import__("time").sleep(%d / 1000)'
    ask = 'input("name: ")'
    show, value_message = '1 + 2', 'execute_result'
    decode_error, list_type, json123 = 'JSONDecodeError', 'list', b'[1, 2, 3]'

    def test_error(self):
        reply = self.error(self.kernel.execute('def f(): return 1/0\nf()'), 'ZeroDivisionError')
        self.assertEqual(reply.content['evalue'], 'division by zero')
        self.assertIn('ZeroDivisionError\x1b[0m: division by zero', reply.content['traceback'][-1])
        self.assertEqual(reply.content['engine_info']['method'], 'execute')
        self.assertEqual([message.kind for message in reply.before], ['error'])
        reply = self.error(self.kernel.execute('import sys; sys.exit(3)'), 'SystemExit')
        self.assertEqual(reply.content['exit_status'], 3)

    def test_end_of_file_is_an_answer(self):
        self.error(self.answered({}), 'EOFError')

    def test_interrupts_as_the_code_ends(self):
        self.ok(self.kernel.execute(self.assign % ('kept', '5')))
        for number in range(40):
            request = self.kernel.send('execute_request', {
                'code': self.sleep_ms % (35 + number % 20), 'silent': True})
            self.kernel.interrupt(request)
            reply = self.kernel.reply(request)
            self.assertIn(reply.content.get('ename'), (None, 'KeyboardInterrupt'))
        self.assertEqual(self.value('kept'), ('json', b'5'))

    def test_magics_and_displays(self):
        reply = self.ok(self.kernel.execute(
            '%cd -q /\nimport os; print(os.getcwd())\n'
            'from IPython.display import display, clear_output, HTML\n'
            'h = display(HTML("<b>x</b>"), display_id=True); h.update(HTML("y")); clear_output()'))
        self.assertEqual(reply.out, b'/\n')
        self.assertEqual([message.kind for message in reply.before],
                         ['display_data', 'update_display_data', 'clear_output'])
        self.assertEqual(reply.before[0].content['data']['text/html'], '<b>x</b>')

    def test_comm(self):
        reply = self.ok(self.kernel.execute(
            'from ipykernel.comm import Comm\nc = Comm("t", data={"a": 1}, buffers=[b"raw"])\n'
            'got = []\nc.on_msg(lambda message: got.append(message["content"]["data"]))'))
        opened, = reply.messages('comm_open')
        self.assertEqual(opened.content['data'], {'a': 1})
        self.assertEqual(opened.buffers, [b'raw'])
        self.kernel.request('comm_msg', {'comm_id': opened.content['comm_id'], 'data': {'n': 5}})
        self.assertEqual(self.value('got'), ('json', b'[{"n": 5}]'))

    def test_a_plot_is_a_png(self):
        try:
            import matplotlib  # noqa: F401
        except ImportError:
            self.skipTest('no matplotlib')
        reply = self.ok(self.kernel.execute(
            '%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2, 3]);'))
        picture, = reply.messages('display_data')
        png = base64.b64decode(picture.content['data']['image/png'])
        self.assertEqual(png[:8], b'\x89PNG\r\n\x1a\n')

    def test_an_event_loop_does_not_stop_it(self):
        self.kernel.execute('%gui asyncio')
        for _ in range(5):
            self.assertEqual(self.value('2 + 3'), ('json', b'5'))
        self.kernel.execute('%gui tk')  # may not be installed; it answers all the same
        self.assertEqual(self.value('2 + 4'), ('json', b'6'))
        self.kernel.execute('%gui')
        self.assertEqual(self.value('2 + 5'), ('json', b'7'))

    def test_output_of_threads(self):
        reply = self.ok(self.kernel.execute(
            'import threading\nt = threading.Thread(target=print, args=("thread",))\n'
            't.start(); t.join()'))
        self.assertEqual(reply.out, b'thread\n')

    def test_user_expressions(self):
        reply = self.ok(self.kernel.execute('u = 4', user_expressions={'k': 'u * 2'}))
        self.assertEqual(reply.content['user_expressions']['k']['data']['text/plain'], '8')


@unittest.skipUnless(os.path.exists(driver.JUPYTER), 'not built: %s' % driver.JUPYTER)
class IRkernel(Common, Case):
    name, language = 'ir', 'R'
    say = 'cat("%d\\n")'
    say_much = 'cat(paste0(1:20000, "\\n"), sep="")'
    child = 'system("echo from a child")'
    assign = '%s <- %s'
    sleep = 'Sys.sleep(%d)'
    ask = 'x <- readline("name: "); x'  # what it returns is not shown by itself
    show, value_message = '1 + 2', 'display_data'
    decode_error, list_type, json123 = 'ERROR', 'integer', b'[1,2,3]'

    def test_error(self):
        reply = self.error(self.kernel.execute('f <- function() stop("no way"); f()'), 'ERROR')
        self.assertIn('no way', reply.content['evalue'])
        self.assertTrue(all(isinstance(line, str) for line in reply.content['traceback']))
        self.assertEqual(self.value('1'), ('json', b'1'))

    def test_conversions(self):
        self.ok(self.kernel.push('d', 'json', b'[{"a": 1, "b": "x"}, {"a": 2, "b": null}]'))
        self.assertEqual(self.value('class(d)'), ('text', b'data.frame'))
        self.assertEqual(self.value('c(1.5, NA)'), ('json', b'[1.5,null]'))
        self.assertEqual(self.value('list(a = 1, b = "t")'), ('json', b'{"a":1,"b":"t"}'))
        self.assertEqual(self.value('function(x) x')[0], 'repr')
        self.error(self.kernel.push('n', 'npy', b''), 'TypeError')

    def test_the_workspace_is_the_users(self):
        self.ok(self.kernel.execute('rm(list = ls(all.names = TRUE))'))
        self.ok(self.kernel.push('a', 'json', b'1'))
        self.assertEqual(self.value('ls(all.names = TRUE)'), ('text', b'a'))

    def test_a_plot_is_a_png(self):
        reply = self.ok(self.kernel.execute('plot(1:3)', silent=False))
        data = [message.content['data'] for message in reply.messages('display_data')]
        self.assertTrue(any('image/png' in one for one in data), data)


@unittest.skipUnless(os.path.exists(driver.JUPYTER), 'not built: %s' % driver.JUPYTER)
@unittest.skipUnless(os.path.exists(SPECS + 'python3'), 'no ipykernel')
class Life(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.env = {'XDG_RUNTIME_DIR': self.directory}

    def start(self, name='jupyter:python3', **env):
        kernel = driver.jupyter_kernel(name, env=dict(self.env, **env))
        self.addCleanup(kernel.close)
        return kernel

    def make_spec(self, name, argv, **more):
        directory = '%s/data/kernels/%s' % (self.directory, name)
        os.makedirs(directory)
        with open(directory + '/kernel.json', 'w') as file:
            json.dump(dict({'argv': argv, 'display_name': name, 'language': 'python'}, **more),
                file)
        return directory

    def nothing_left(self):
        return not glob.glob(self.directory + '/ipkit-jupyter-*')

    def child_of(self, kernel):
        """A process that the kernel started, and that ignores polite signals."""
        code = ('import subprocess\np = subprocess.Popen(["sh", "-c", "trap : TERM HUP INT; '
                'while :; do sleep 1; done"]); p.pid')
        return int(kernel.execute(code, value=True).buffers[0])

    def check_all_gone(self, kernel, child):
        for pid in (kernel.ready.content['pid'], child):
            wait_for('the end of %d' % pid, lambda: is_gone(pid))
        wait_for('the connection file to go', self.nothing_left)

    def test_engine_goes(self):
        kernel = self.start()
        child = self.child_of(kernel)
        begun = time.monotonic()
        kernel.socket.close()
        self.assertEqual(kernel.wait(), 0)
        self.assertLess(time.monotonic() - begun, BUSY)
        self.check_all_gone(kernel, child)

    def test_engine_goes_while_code_runs(self):
        kernel = self.start()
        kernel.send('execute_request', {'code': 'while True: pass', 'silent': True})
        begun = time.monotonic()
        kernel.socket.close()
        self.assertEqual(kernel.wait(), 0)
        self.assertLess(time.monotonic() - begun, BUSY)
        self.check_all_gone(kernel, kernel.ready.content['pid'])

    def test_bridge_is_killed(self):
        kernel = self.start()
        child = self.child_of(kernel)
        kernel.process.kill()
        self.check_all_gone(kernel, child)

    def test_kernel_ends_by_itself(self):
        kernel = self.start()
        child = self.child_of(kernel)
        kernel.send('execute_request', {'code': 'import os; os._exit(7)', 'silent': True})
        self.assertEqual(kernel.wait(), 7)
        self.check_all_gone(kernel, child)

    def test_kernel_is_killed(self):
        kernel = self.start()
        os.kill(kernel.ready.content['pid'], signal.SIGKILL)
        self.assertEqual(kernel.wait(), -signal.SIGKILL)
        wait_for('the connection file to go', self.nothing_left)

    def test_other_signals_are_the_kernels(self):
        kernel = self.start()
        kernel.execute('import signal, threading; got = threading.Event()\n'
                       'signal.signal(signal.SIGUSR1, lambda *_: got.set())')
        kernel.signal(signal.SIGUSR1)
        self.assertEqual(kernel.execute('got.wait(20)', value=True).buffers, [b'true'])

    def test_last_words(self):
        kernel = self.start()
        request = kernel.send('execute_request', {
            'code': 'import os; os.write(2, b"so long\\n"); os._exit(1)', 'silent': True})
        words = kernel.receive()
        self.assertEqual((words.kind, words.content, words.buffers),
                         ('stream', {'name': 'stderr'}, [b'so long\n']))
        self.assertEqual(words.parent['msg_id'], request)

    def test_no_such_kernel(self):
        with self.assertRaises(driver.KernelDied) as caught:
            self.start('jupyter:nosuch')
        self.assertRegex(str(caught.exception), "no Jupyter kernel 'nosuch': there are .*python3")

    def test_a_kernel_that_does_not_start(self):
        self.make_spec('fails', ['sh', '-c', 'echo it is broken >&2; exit 5'])
        with self.assertRaises(driver.KernelDied) as caught:
            self.start('jupyter:fails', JUPYTER_PATH=self.directory + '/data')
        self.assertIn('it is broken', str(caught.exception))
        self.make_spec('absent', ['/no/such/program'])
        with self.assertRaises(driver.KernelDied) as caught:
            self.start('jupyter:absent', JUPYTER_PATH=self.directory + '/data')
        self.assertIn('cannot start /no/such/program', str(caught.exception))
        self.assertTrue(self.nothing_left())

    def test_specification(self):
        run = [driver.PYTHON, '-m', 'ipykernel_launcher', '-f', '{connection_file}']
        directory = self.make_spec('Mine', run + ['--Mine.dir={resource_dir}'],
                                   env={'GREETING': 'hello ${NAME}'}, interrupt_mode='message')
        kernel = self.start('jupyter:mine', JUPYTER_PATH='/nowhere:' + self.directory + '/data',
                            NAME='you')
        reply = kernel.execute('import os, sys; print(os.environ["GREETING"]); '
                               'print(open("/proc/self/cmdline").read())')
        self.assertTrue(reply.out.startswith(b'hello you\n'), reply.out)
        self.assertIn(b'--Mine.dir=' + directory.encode(), reply.out)
        request = kernel.send('execute_request', {
            'code': 'import time; time.sleep(60)', 'silent': True})
        kernel.interrupt(request)
        self.assertEqual(kernel.reply(request).content['ename'], 'KeyboardInterrupt')

    def test_the_users_kernels_come_before_the_systems(self):
        home = self.directory + '/home/.local/share/jupyter/kernels/python3'
        os.makedirs(home)
        with open(home + '/kernel.json', 'w') as file:
            json.dump({'argv': ['sh', '-c', 'echo the users own >&2; exit 1'],
                       'display_name': 'x', 'language': 'python'}, file)
        with self.assertRaises(driver.KernelDied) as caught:
            self.start(HOME=self.directory + '/home', XDG_DATA_HOME='')
        self.assertIn('the users own', str(caught.exception))

    def test_the_interpreters_own_prefix(self):
        prefix = self.directory + '/venv'
        os.makedirs(prefix + '/bin')
        os.symlink(driver.PYTHON, prefix + '/bin/python3')
        with open(prefix + '/pyvenv.cfg', 'w') as file:
            file.write('home = /usr/bin\ninclude-system-site-packages = true\n')
        spec = prefix + '/share/jupyter/kernels/own'
        os.makedirs(spec)
        with open(spec + '/kernel.json', 'w') as file:
            json.dump({'argv': ['python3', '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
                       'display_name': 'own', 'language': 'python'}, file)
        kernel = self.start('jupyter:own', IPKIT_PYTHON=prefix + '/bin/python3')
        reply = kernel.execute('import sys; sys.prefix', value=True)
        self.assertEqual(reply.buffers, [prefix.encode()])

    def test_a_language_without_a_helper(self):
        wrapper = self.directory + '/other.py'
        with open(wrapper, 'w') as file:
            file.write('from ipykernel.kernelapp import IPKernelApp\n'
                       'from ipykernel.ipkernel import IPythonKernel\n'
                       'IPythonKernel.language_info = {"name": "other", "version": "1"}\n'
                       'IPKernelApp.launch_instance()\n')
        self.make_spec('other', [driver.PYTHON, wrapper, '-f', '{connection_file}'])
        kernel = self.start('jupyter:other', JUPYTER_PATH=self.directory + '/data')
        self.assertEqual(kernel.ready.content['language'], 'other')
        reply = kernel.push('a', 'json', b'1')
        self.assertEqual(reply.content['ename'], 'NotImplementedError')
        self.assertIn('ipexec', reply.content['evalue'])
        reply = kernel.execute('"s" * 2', value=True)
        self.assertEqual((reply.content['value'], reply.buffers), ({'type': 'repr'}, [b"'ss'"]))


@unittest.skipUnless(os.path.exists(driver.JUPYTER), 'not built: %s' % driver.JUPYTER)
@unittest.skipUnless(os.path.exists(SPECS + 'python3'), 'no ipykernel')
class Existing(unittest.TestCase):
    """A kernel that runs inside an application of its own."""

    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.file = self.directory + '/kernel.json'
        self.application = subprocess.Popen(
            [driver.PYTHON, '-m', 'ipykernel_launcher', '-f', self.file],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=dict(os.environ, IPYTHONDIR=self.directory + '/ipython'))
        self.addCleanup(self.application.wait)
        self.addCleanup(self.application.kill)
        wait_for('the connection file', self.is_written)

    def is_written(self):
        try:
            with open(self.file) as file:
                return bool(json.load(file))
        except (FileNotFoundError, ValueError):  # or not all of it
            return False

    def start(self):
        kernel = driver.jupyter_kernel('existing:' + self.file)
        self.addCleanup(kernel.close)
        return kernel

    def test_it_is_adopted_and_left_alone(self):
        kernel = self.start()
        self.assertEqual(kernel.ready.content['language'], 'python')
        self.assertEqual(kernel.execute('import os; os.getpid()', value=True).buffers,
                         [b'%d' % self.application.pid])
        kernel.push('a', 'json', b'[1]')
        request = kernel.send('execute_request', {
            'code': 'import time; time.sleep(60)', 'silent': True})
        kernel.interrupt(request)
        self.assertEqual(kernel.reply(request).content['ename'], 'KeyboardInterrupt')
        kernel.socket.close()
        self.assertEqual(kernel.wait(), 0)
        again = self.start()
        self.assertEqual(again.pull('a').buffers, [b'[1]'])
        self.assertIsNone(self.application.poll())
        self.assertTrue(os.path.exists(self.file))

    def test_its_death_is_noticed(self):
        for busy in (False, True):
            with self.subTest(busy=busy):
                kernel = self.start()
                if busy:
                    kernel.send('execute_request', {
                        'code': 'import time; time.sleep(60)', 'silent': True})
                self.application.kill()
                self.assertEqual(kernel.wait(10), 69)
                kernel.wait_piped(b'the kernel is gone', 2)
                self.application.wait()
                os.unlink(self.file)
                self.setUp()

    def test_no_such_file(self):
        with self.assertRaises(driver.KernelDied) as caught:
            driver.jupyter_kernel('existing:/no/such.json')
        self.assertIn('/no/such.json: No such file', str(caught.exception))


if __name__ == '__main__':
    unittest.main()

# SPDX-License-Identifier: BSD-3-Clause
# test_python.py: the python kernel: code, output, interrupts, deaths, environment.
import json
import os
import signal
import subprocess
import tempfile
import unittest

import driver


class Case(unittest.TestCase):
    def setUp(self):
        self.kernel = driver.python_kernel()
        self.addCleanup(self.kernel.close)

    def ok(self, reply):
        self.assertEqual(reply.header['status'], 'ok', reply.content)
        self.assertEqual(reply.content['status'], 'ok')
        return reply

    def error(self, reply, ename):
        self.assertEqual(reply.header['status'], 'error', reply.content)
        self.assertEqual(reply.content['ename'], ename, reply.content)
        return reply

    def value(self, code):
        reply = self.ok(self.kernel.execute(code, value=True))
        return reply.content['value']['type'], reply.buffers[0]


class Execute(Case):
    def test_ready(self):
        content = self.kernel.ready.content
        self.assertEqual((content['language'], content['prefetch']), ('python', 32))
        self.assertEqual(content['pid'], self.kernel.process.pid)

    def test_state_stays_and_output_comes_before_the_reply(self):
        self.ok(self.kernel.execute('a = 5'))
        reply = self.ok(self.kernel.execute('import sys\nprint(a); print("e", file=sys.stderr)'))
        self.assertEqual((reply.out, reply.err), (b'5\n', b'e\n'))

    def test_values(self):
        for code, expected in [
                ('"é"', ('text', 'é'.encode())), ('[1, "a", None]', ('json', b'[1, "a", null]')),
                ('{1, }', ('repr', b'{1}')), ('b"\\xff\\0"', ('bytes', b'\xff\0')),
                ('float("nan")', ('repr', b'nan')), ('"\\udcff"', ('text', b'\xff')),
                ('["\\udcff"]', ('json', b'["\\udcff"]')), ('x = 1\nx + 1', ('json', b'2'))]:
            with self.subTest(code):
                self.assertEqual(self.value(code), expected)
        reply = self.ok(self.kernel.execute('x = 1', value=True))
        self.assertNotIn('value', reply.content)
        self.assertEqual(reply.buffers, [])

    def test_not_silent(self):
        reply = self.ok(self.kernel.execute('6 * 7', silent=False))
        kinds = [message.kind for message in reply.before]
        self.assertEqual(kinds, ['execute_input', 'execute_result'])
        self.assertEqual(reply.before[1].content['data']['text/plain'], '42')
        self.assertEqual(reply.content['execution_count'], 1)
        self.assertEqual(self.kernel.execute('1').content['execution_count'], 1)
        reply = self.kernel.execute('1', silent=False, store_history=False)
        self.assertEqual(reply.content['execution_count'], 1)
        reply = self.kernel.execute('None', silent=False)
        self.assertEqual(reply.messages('execute_result'), [])

    def test_user_expressions(self):
        reply = self.ok(self.kernel.execute('a = 2', user_expressions={'x': 'a + 1', 'y': '1/0'}))
        found = reply.content['user_expressions']
        self.assertEqual(found['x']['data']['text/plain'], '3')
        self.assertEqual((found['y']['status'], found['y']['ename']), ('error',
            'ZeroDivisionError'))

    def test_stdin(self):
        code = 'import subprocess\nprint(input(), input())\nprint(subprocess.check_output("cat"))'
        reply = self.ok(self.kernel.execute('print(input())', [b'one\ntwo\n'], stdin=True))
        self.assertEqual(reply.out, b'one\n')
        code = 'import subprocess, sys\nprint(subprocess.check_output("cat"))'
        reply = self.ok(self.kernel.execute(code, [b'a\0\xff'], stdin=True))
        self.assertEqual(reply.out, b"b'a\\x00\\xff'\n")
        reply = self.error(self.kernel.execute('input()'), 'EOFError')
        self.assertIn('use ipexec -i', reply.content['evalue'])
        self.assertEqual(self.value('import sys\nsys.stdin.read()'), ('text', b''))
        self.error(self.kernel.execute('1', stdin=True), 'ValueError')

    # -- questions to whoever sent the request

    def asked(self, code, msg_id='ask'):
        """Send code that asks; the question."""
        self.kernel.send('execute_request', {'code': code, 'silent': True, 'allow_stdin': True},
                         msg_id=msg_id)
        return self.kernel.receive()

    def answer(self, msg_id, **content):
        self.kernel.send_frames([b'{"msg_type": "input_reply"}', b'{}', b'{}',
                                 json.dumps(dict(content, msg_id=msg_id)).encode()])

    def test_questions(self):
        question = self.asked('x = input("name? ")\nprint("hello", x)')
        self.assertEqual((question.kind, question.content),
                         ('input_request', {'prompt': 'name? ', 'password': False}))
        self.answer('other', value='no')
        self.answer('ask', value='grün')
        reply = self.ok(self.kernel.reply())
        self.assertEqual(reply.out, 'hello grün\n'.encode())
        question = self.asked('import getpass; p = getpass.getpass()')
        self.assertEqual(question.content, {'prompt': 'Password: ', 'password': True})
        self.answer('ask', value='secret')
        self.ok(self.kernel.reply())
        self.assertEqual(self.value('p'), ('text', b'secret'))

    def test_question_without_an_answer(self):
        self.asked('input()')
        self.answer('ask')
        self.error(self.kernel.reply(), 'EOFError')
        self.error(self.kernel.execute('input()'), 'EOFError')
        self.answer('ask', value='late')  # nobody waits for it any more
        self.assertEqual(self.value('1'), ('json', b'1'))

    def test_question_interrupted(self):
        self.asked('input()')
        self.kernel.interrupt('ask')
        self.error(self.kernel.reply(), 'KeyboardInterrupt')
        self.asked('input()', 'again')
        self.kernel.interrupt('ask')  # another one
        self.answer('again', value='x')
        self.ok(self.kernel.reply())

    def test_who_can_ask_can_look_at_what_failed(self):
        self.error(self.kernel.execute('def f(v):\n    1 / v\nf(0)', allow_stdin=True),
                   'ZeroDivisionError')
        question = self.asked('import pdb; pdb.pm()')
        while question.kind == 'stream':
            question = self.kernel.receive()
        self.assertEqual(question.content['prompt'], '(Pdb) ')
        self.answer('ask', value='p v + 5')
        reply = self.kernel.receive()
        self.assertEqual(reply.buffers, [b'5\n'])
        self.assertEqual(self.kernel.receive().kind, 'input_request')
        self.answer('ask', value='q')
        self.ok(self.kernel.reply())

    def test_threads_cannot_ask(self):
        code = ('import concurrent.futures as c\n'
                'with c.ThreadPoolExecutor() as pool: pool.submit(input).result()')
        reply = self.kernel.execute(code, allow_stdin=True)
        self.error(reply, 'EOFError')
        self.assertIn('main thread', reply.content['evalue'])

    def test_results_by_number(self):
        reply = self.kernel.execute('6 * 7', silent=False)
        number = reply.content['execution_count']
        value = self.value('_, _%d, Out[%d]' % (number, number))
        self.assertEqual(value, ('json', b'[42, 42, 42]'))
        names = self.kernel.request('list_request', {}).content['names']
        self.assertNotIn('Out', [entry['name'] for entry in names])

    def test_argv_and_file(self):
        code = 'import sys\nprint(sys.argv, __file__, __name__)\n1/0'
        reply = self.kernel.execute(code, argv=['fit.py', '--steps', '3'], file='/x/fit.py')
        self.assertEqual(reply.out, b"['fit.py', '--steps', '3'] /x/fit.py __main__\n")
        self.assertEqual(reply.content['frames'], [['/x/fit.py', 3, '<module>', '1/0']])
        self.error(self.kernel.execute('__file__'), 'NameError')

    def test_errors(self):
        self.ok(self.kernel.execute('\n\ndef f(v):\n    return 1 / v'))
        reply = self.error(self.kernel.execute('f(0)'), 'ZeroDivisionError')
        self.assertEqual(reply.content['frames'], [['<ipexec>', 1, '<module>', 'f(0)'],
                                                   ['<ipexec>', 4, 'f', 'return 1 / v']])
        text = '\n'.join(reply.content['traceback'])
        self.assertIn('return 1 / v', text)
        self.assertNotIn('execute.py', text)
        self.assertEqual(reply.content['engine_info']['method'], 'execute')
        self.assertEqual(reply.messages('error')[0].content['ename'], 'ZeroDivisionError')
        reply = self.error(self.kernel.execute('a = 1\nb = = 2'), 'SyntaxError')
        self.assertEqual(reply.content['frames'][-1][:2], ['<ipexec>', 2])
        self.assertEqual(reply.content['frames'][-1][3], 'b = = 2')
        self.error(self.kernel.execute('class E(Exception):\n def __str__(self): 1/0\nraise E'),
            'E')
        self.error(self.kernel.execute('def r(): r()\nr()'), 'RecursionError')

    def test_hello_names_the_engine_in_errors(self):
        self.kernel.send_frames([b'{"msg_type": "hello"}', b'{}', b'{}',
                                 b'{"engine_uuid": "u-1", "engine_id": 3, "profile_dir": "/p"}'])
        info = self.kernel.execute('1/0').content['engine_info']
        self.assertEqual(info, {'engine_uuid': 'u-1', 'engine_id': 3, 'method': 'execute'})

    def test_exit_does_not_end_the_kernel(self):
        for code, status in (('exit()', 0), ('import sys; sys.exit(3)', 3), ('exit("no")', 1)):
            reply = self.error(self.kernel.execute(code), 'SystemExit')
            self.assertEqual(reply.content['exit_status'], status)
        self.assertEqual(self.kernel.execute('print(1)').out, b'1\n')

    def test_parent_header_is_the_same_bytes(self):
        raw = b'{"msg_type": "list_request",  "msg_id":"z", "x": [1]}'
        self.kernel.send_frames([raw, b'{}', b'{}', b'{}'])
        self.assertEqual(self.kernel.reply().frames[1], raw)

    def test_replies_in_order(self):
        ids = [self.kernel.send('execute_request', {'code': 'print(%d)' % i, 'silent': True})
               for i in range(8)]
        for number, msg_id in enumerate(ids):
            self.assertEqual(self.kernel.reply(msg_id).out, b'%d\n' % number)


class Output(Case):
    def test_bytes_and_threads(self):
        self.assertEqual(self.kernel.execute('import '
            'sys\nsys.stdout.buffer.write(b"\\xff\\0")').out,
                         b'\xff\0')
        code = ('import threading\nts = [threading.Thread(target=lambda: [print("x" * 50) '
                'for _ in range(500)]) for _ in range(4)]\n'
                '[t.start() for t in ts]; [t.join() for t in ts]')
        self.assertEqual(self.kernel.execute(code).out.count(b'x'), 100000)

    def test_large_output_and_lone_surrogates(self):
        self.assertEqual(self.kernel.execute('print("ab" * 1000000)').out, b'ab' * 1000000 + b'\n')
        self.assertEqual(self.kernel.execute('print("\\udcff")').out, b'\xff\n')

    def test_stdout_closed_or_replaced(self):
        self.assertEqual(self.kernel.execute('import sys\nsys.stdout.close(); print(1)').out,
            b'1\n')
        code = 'import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()): print(1)'
        self.assertEqual(self.kernel.execute(code).out, b'')

    def test_output_is_live(self):
        code = ('print("a"); print("b")\nimport os\n'
                'os.read(os.open(%r, os.O_RDONLY), 1)' % self.fifo())
        msg_id = self.kernel.send('execute_request', {'silent': True, 'code': code})
        seen = b''
        while seen != b'a\nb\n':
            message = self.kernel.receive()
            self.assertEqual(message.kind, 'stream')
            seen += message.buffers[0]
        with open(self.path, 'wb') as gate:
            gate.write(b'.')
        self.ok(self.kernel.reply(msg_id))

    def fifo(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, 'gate')
        os.mkfifo(self.path)
        return self.path

    def test_children_write_before_what_follows_them(self):
        reply = self.ok(self.kernel.execute(
            'import os, subprocess\nprint(1)\nsubprocess.run("echo 2; echo err >&2", shell=True)\n'
            'print(3)\nos.system("echo 4")\nprint(5)\np = subprocess.Popen(["echo", "6"])\n'
            'p.wait()\nos.waitpid(os.posix_spawn("/bin/echo", ["echo", "7"], os.environ), 0)'))
        self.assertEqual((reply.out, reply.err), (b'1\n2\n3\n4\n5\n6\n7\n', b'err\n'))

    def test_a_childs_output_is_live(self):
        msg_id = self.kernel.send('execute_request', {'silent': True, 'code':
            'import subprocess\nsubprocess.run("echo first; read x <%s; echo second", shell=True)'
            % self.fifo()})
        message = self.kernel.receive()
        self.assertEqual((message.kind, message.buffers), ('stream', [b'first\n']))
        with open(self.path, 'w') as fifo:
            fifo.write('go\n')
        self.assertEqual(self.kernel.reply(msg_id).out, b'second\n')

    def test_a_child_left_behind_writes_for_its_own_request(self):
        first = self.kernel.send('execute_request', {'silent': True, 'code':
            'import subprocess, os\np = subprocess.Popen("read x <%s; echo late", shell=True)'
            % self.fifo()})
        self.assertEqual(self.kernel.reply(first).out, b'')
        open_files = 'len(os.listdir("/proc/self/fd"))'
        before = int(self.value(open_files)[1])
        second = self.kernel.send('execute_request', {'silent': True, 'code':
            'print("now")\nos.write(1, b"raw")\nopen(%r, "w").write("go")\np.wait()' % self.path})
        found = []
        while len(found) < 3:  # the reply among them: nothing waits for a child of another request
            message = self.kernel.receive()
            found.append((message.parent['msg_id'], message.kind, *message.buffers))
        self.assertEqual(sorted(found), [(first, 'stream', b'late\n'), (second, 'execute_reply'),
                                         (second, 'stream', b'now\n')])
        self.kernel.wait_piped(b'raw')
        # Its pipes are gone with it.
        for _ in range(1000):
            if int(self.value(open_files)[1]) == before - 2:
                break
        else:
            self.fail('more files are open than before')

    def test_many_children_leave_nothing_open(self):
        self.ok(self.kernel.execute('import os'))
        open_files = 'len(os.listdir("/proc/self/fd"))'
        self.ok(self.kernel.execute('os.system("true")'))
        before = self.value(open_files)
        for number in range(20):
            reply = self.kernel.execute('os.system("echo %d; echo e >&2")' % number)
            self.assertEqual((reply.out, reply.err), (b'%d\n' % number, b'e\n'))
        self.assertEqual(self.value(open_files), before)

    def test_background_child_does_not_hold_the_reply(self):
        reply = self.kernel.execute('import subprocess\np = subprocess.Popen(["sleep", "300"])')
        self.ok(reply)
        self.kernel.execute('p.kill(); p.wait()')

    def test_fork(self):
        reply = self.kernel.execute('import os\nif os.fork() == 0: print("child")\n'
                                    'else: os.wait(); print("parent")')
        self.assertEqual(reply.out, b'child\nparent\n')
        self.assertEqual(self.value('1'), ('json', b'1'))

    def test_multiprocessing(self):
        code = ('from concurrent.futures import ProcessPoolExecutor\nimport multiprocessing as m\n'
                'def sq(v): return v * v\n'
                'with ProcessPoolExecutor(2, m.get_context("fork")) as p: r = '
                    'list(p.map(sq, range(5)))\n'
                'r')
        self.assertEqual(self.value(code), ('json', b'[0, 1, 4, 9, 16]'))


class Interrupts(Case):
    LOOP = 'import os\nos.write(1, b"started")\nwhile True: pass'

    def start(self, code=LOOP):
        msg_id = self.kernel.send('execute_request', {'code': code, 'silent': True})
        self.kernel.wait_piped(b'started')
        self.kernel.take_piped()
        return msg_id

    def test_by_id(self):
        running = self.start()
        self.kernel.interrupt('somebody else')
        self.kernel.signal()  # names nobody
        self.kernel.interrupt(running)
        reply = self.error(self.kernel.reply(running), 'KeyboardInterrupt')
        self.assertEqual(reply.content['frames'][0][0], '<ipexec>')
        self.assertNotIn('channel.py', '\n'.join(reply.content['traceback']))

    def test_only_the_named_one_of_several(self):
        running = self.start()
        queued = [self.kernel.send('execute_request', {'code': 'print(%d)' % i, 'silent': True})
                  for i in range(7)]
        self.kernel.interrupt(running)
        self.error(self.kernel.reply(running), 'KeyboardInterrupt')
        for number, msg_id in enumerate(queued):
            self.assertEqual(self.kernel.reply(msg_id).out, b'%d\n' % number)

    def test_one_that_has_not_started(self):
        running = self.start()
        queued = self.kernel.send('execute_request', {'code': 'print("no")', 'silent': True})
        self.kernel.interrupt(queued)
        self.kernel.interrupt(running)
        self.error(self.kernel.reply(running), 'KeyboardInterrupt')
        self.assertEqual(self.error(self.kernel.reply(queued), 'KeyboardInterrupt').out, b'')

    def test_revoked_before_it_started(self):
        running = self.start()
        queued = [self.kernel.send('execute_request', {'code': 'print(%d)' % i, 'silent': True})
                  for i in range(3)]
        begun = self.kernel.claims[0]
        self.kernel.revoke(begun + 2)
        self.kernel.interrupt(running)
        self.error(self.kernel.reply(running), 'KeyboardInterrupt')
        for one in queued[:2]:
            aborted = self.kernel.reply(one)
            self.assertEqual((aborted.content, aborted.out), ({'status': 'aborted'}, b''))
        self.assertEqual(self.kernel.reply(queued[2]).out, b'2\n')
        self.assertEqual(self.kernel.claims[0], begun + 3)

    def test_before_it_begins(self):
        reply = self.kernel.interrupt_before_it_begins(
            'execute_request', {'code': 'import time; time.sleep(100)', 'silent': True})
        self.error(reply, 'KeyboardInterrupt')

    def test_begun_is_told_while_it_runs(self):
        begun = self.kernel.claims[0]
        running = self.start()
        self.assertEqual(self.kernel.claims[0], begun + 1)
        self.kernel.interrupt(running)
        self.error(self.kernel.reply(running), 'KeyboardInterrupt')

    def test_idle(self):
        self.kernel.signal()
        self.kernel.interrupt('id-1')
        self.assertEqual(self.value('1'), ('json', b'1'))

    def test_handlers_of_the_users(self):
        self.ok(self.kernel.execute('import signal, os\ndef f(*a): raise ValueError("mine")\n'
                                    'signal.signal(signal.SIGUSR1, f)\n'
                                    'assert signal.getsignal(signal.SIGUSR1) is f\n'
                                    'assert signal.signal(signal.SIGUSR1, f) is f'))
        for number in range(20):  # also while the reply is being sent
            self.kernel.signal(signal.SIGUSR1)
            said = self.kernel.receive()
            self.assertIn(b"raised while nothing ran: ValueError('mine')", said.buffers[0])
            self.assertEqual(self.value('%d' % number), ('json', b'%d' % number))
        running = self.start()
        self.kernel.signal(signal.SIGUSR1)
        self.error(self.kernel.reply(running), 'ValueError')
        for _ in range(5):
            running = self.start('import os\nos.write(1, b"started")\n'
                                 'while True: print("x" * 1000)')
            self.kernel.signal(signal.SIGUSR1)
            self.error(self.kernel.reply(running), 'ValueError')

    def test_a_second_one(self):
        self.ok(self.kernel.execute('import time'))
        running = self.start('import os\ntry:\n os.write(1, b"started")\n'
                             ' while True: pass\nexcept KeyboardInterrupt:\n'
                             ' os.write(1, b"again")\n while True: pass')
        self.kernel.interrupt(running)
        self.kernel.wait_piped(b'again')
        self.kernel.interrupt(running)
        self.error(self.kernel.reply(running), 'KeyboardInterrupt')

    def test_while_printing(self):
        for _ in range(5):
            running = self.start('import os\nos.write(1, b"started")\n'
                                 'while True: print("x" * 1000)')
            self.kernel.interrupt(running)
            self.error(self.kernel.reply(running), 'KeyboardInterrupt')
        self.assertEqual(self.value('1'), ('json', b'1'))

    def test_with_a_large_message_half_written(self):
        running = self.start()
        body = b'x' * (1 << 20)
        self.kernel.interrupt(running)
        msg_id = self.kernel.send('push_request', {'names': ['v'], 'types': ['bytes']}, [body])
        self.error(self.kernel.reply(running), 'KeyboardInterrupt')
        self.ok(self.kernel.reply(msg_id))


class LifeAndDeath(Case):
    def test_engine_gone(self):
        self.kernel.socket.close()
        self.assertEqual(self.kernel.wait(), 0)

    def test_engine_gone_while_code_prints(self):
        self.kernel.send('execute_request', {'code': 'while True: print(1)', 'silent': True})
        self.assertEqual(self.kernel.receive().kind, 'stream')
        self.kernel.socket.close()
        self.assertEqual(self.kernel.wait(), 0)

    def test_killed(self):
        self.kernel.send('execute_request', {'code': 'import os, signal\nos.kill(os.getpid(), 9)'})
        with self.assertRaises(driver.KernelDied):
            self.kernel.reply()
        self.assertEqual(self.kernel.wait(), -signal.SIGKILL)

    def test_bad_frames_end_the_kernel(self):
        self.kernel.send_bytes(b'\0\0\0\0' * 8)
        self.assertEqual(self.kernel.wait(), 70)
        self.kernel.wait_piped(b'ipkit-kernel-python: message of 0 frames', 2)

    def test_message_of_absurd_size_ends_the_kernel(self):
        self.kernel.send_bytes(b'\4\0\0\0' + b'\xff' * 32)
        self.assertEqual(self.kernel.wait(), 70)

    def test_bad_requests(self):
        send = self.kernel.send_frames
        send([b'{"msg_type": "execute_request"}', b'{}', b'{}', b'{bad'])
        self.error(self.kernel.reply(), 'ValueError')
        send([b'{"msg_type": "execute_request"}', b'{}', b'{}', b'[]'])
        self.error(self.kernel.reply(), 'ValueError')
        send([b'not json', b'{}', b'{}', b'{}'])
        self.error(self.kernel.reply(), 'ValueError')
        self.error(self.kernel.request('teleport_request', {}), 'NotImplementedError')
        self.error(self.kernel.execute(5), 'TypeError')
        self.assertEqual(self.value('1'), ('json', b'1'))

    def test_without_an_engine(self):
        environment = {key: value for key, value in os.environ.items() if key != 'IPKIT_KERNEL_FD'}
        done = subprocess.run(self.kernel.process.args, env=environment, capture_output=True,
            timeout=30)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b'started by an engine only', done.stderr)


class Environment(Case):
    def test_namespace_is_the_users(self):
        names = json.loads(self.value('[n for n in dir() if not n.startswith("__")]')[1])
        self.assertEqual(names, [])
        self.assertEqual(self.value('__name__'), ('text', b'__main__'))
        self.assertEqual(self.value('import __main__\n__main__.__dict__ is globals()'), ('json',
            b'true'))
        self.assertEqual(self.kernel.request('list_request', {}).content['names'],
                         [{'name': '__main__', 'type': 'module', 'size': None}])

    def test_descriptor_and_variable_are_hidden(self):
        code = ('import subprocess\nsubprocess.check_output("ls /proc/self/fd; '
            'env", shell=True).decode()')
        text = self.value(code)[1]
        self.assertNotIn(b'IPKIT_KERNEL_FD', text)

    def test_paths(self):
        with tempfile.TemporaryDirectory() as directory:
            for name in ('values.py', 'startup.py'):
                with open(os.path.join(directory, name), 'w') as file:
                    file.write('mark = %r\n' % name)
            kernel = driver.python_kernel(cwd=directory, env={
                'PYTHONPATH': '/nowhere', 'PYTHONSTARTUP': os.path.join(directory, 'startup.py')})
            self.addCleanup(kernel.close)
            reply = kernel.execute('import sys, values\nprint(values.mark, mark, sys.path[:2])')
            self.assertEqual(reply.out, b"values.py startup.py ['', '/nowhere']\n")

    def test_venv(self):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run([driver.PYTHON, '-m', 'venv', '--without-pip', directory], check=True,
                           timeout=60)
            kernel = driver.python_kernel(python=os.path.join(directory, 'bin', 'python3'))
            self.addCleanup(kernel.close)
            reply = kernel.execute('import sys\nprint(sys.prefix)\nprint(sys.path[-1])')
            prefix, last = reply.out.decode().split()
            self.assertEqual(prefix, directory)
            self.assertTrue(last.startswith(directory), last)

    def test_tools(self):
        request = self.kernel.request
        self.assertEqual(request('kernel_info_request', {}).content['language_info']['name'],
            'python')
        self.kernel.execute('apple = "x"')
        reply = request('complete_request', {'code': 'z = app', 'cursor_pos': 7})
        self.assertEqual((reply.content['matches'], reply.content['cursor_start']), (['apple'], 4))
        reply = request('complete_request', {'code': 'apple.upp', 'cursor_pos': 9})
        self.assertEqual(reply.content['matches'], ['upper'])
        reply = request('inspect_request', {'code': 'len', 'cursor_pos': 1, 'detail_level': 0})
        self.assertTrue(reply.content['found'])
        self.assertIn('Return the number', reply.content['data']['text/plain'])
        for code, status in (('x = 1', 'complete'), ('for i in x:', 'incomplete'), ('x = =',
            'invalid')):
            self.assertEqual(request('is_complete_request', {'code': code}).content['status'],
                status)
        self.kernel.execute('q = 1', silent=False)
        self.assertEqual(request('history_request', {'n': 1}).content['history'], [[0, 1, 'q = 1']])


if __name__ == '__main__':
    unittest.main()

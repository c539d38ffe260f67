# SPDX-License-Identifier: BSD-3-Clause
# test_sh.py: the sh kernel, every part of the contract.
import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

import driver


@unittest.skipUnless(os.path.exists(driver.SH), 'not built: %s' % driver.SH)
class Case(unittest.TestCase):
    def setUp(self):
        self.kernel = driver.sh_kernel()
        self.addCleanup(self.kernel.close)

    def ok(self, reply):
        self.assertEqual(reply.header['status'], 'ok', reply.content)
        self.assertEqual(reply.content['status'], 'ok')
        return reply

    def error(self, reply, ename):
        self.assertEqual(reply.header['status'], 'error', reply.content)
        self.assertEqual(reply.content['ename'], ename, reply.content)
        return reply

    def run_code(self, code, buffers=(), status=0, **content):
        """Standard output of code that ends with status."""
        self.kernel.take_piped()
        reply = self.kernel.execute(code, buffers, **content)
        if status:
            self.error(reply, 'ExitStatus')
            self.assertEqual(reply.content['exit_status'], status)
        else:
            self.ok(reply)
        self.kernel.execute('echo --end--')
        self.kernel.wait_piped(b'--end--\n')
        return self.kernel.take_piped()[:-len(b'--end--\n')]


class Execute(Case):
    def test_ready(self):
        content = self.kernel.ready.content
        self.assertEqual((content['language'], content['prefetch']), ('sh', 1))
        self.assertRegex(content['version'], r'^\d+\.\d+\.\d+$')

    def test_output_is_there_before_the_reply(self):
        for number in range(20):
            self.kernel.execute('echo %d; echo e >&2' % number)
            self.kernel.wait_piped(b'%d\n' % number)
        self.assertEqual(self.kernel.take_piped(2), b'e\n' * 20)

    def test_everything_persists(self):
        self.run_code('a=5; f() { echo "f $1"; }; declare -A m=([k]="v w"); cd /; export E=1')
        self.assertEqual(self.run_code('f $a; echo ${m[k]} $PWD; env | grep ^E='),
                         b'f 5\nv w /\nE=1\n')

    def test_exit_keeps_everything(self):
        self.run_code('a=$\'x\\ny\'; l=(1 "2 3"); declare -A m=([k]=v); declare -ri r=7; '
            'export E=1; '
                      'f() { echo "f $1"; }; export -f f; cd /; umask 027; shopt -s nullglob; '
                      'set -o pipefail; set -- p "q r"; unset HOME; trap "echo usr" USR1')
        self.assertEqual(self.run_code('echo out; exit 3; echo no', status=3), b'out\n')
        text = self.run_code('echo "$a|${l[1]}|${m[k]}|$r|$PWD|$#|$2"; f 1; umask; '
                             'bash -c "f 2; echo $E"; echo ${HOME-none}; shopt -q nullglob && '
                             'shopt -qo pipefail && echo opts; kill -USR1 $$; echo ${r@a}')
        self.assertEqual(text, b'x\ny|2 3|v|7|/|2|q r\nf 1\n0027\nf 2\n1\nnone\nopts\nusr\nir\n')
        self.assertEqual(self.run_code('exit'), b'')
        self.assertEqual(self.run_code('f() { exit 9; }; f', status=9), b'')
        self.assertEqual(self.run_code('echo $r'), b'7\n')

    def test_exit_trap_of_the_users(self):
        self.assertEqual(self.run_code('trap "cat; echo bye \\$a" EXIT; a=1; exit 4', status=4),
            b'bye 1\n')
        self.assertEqual(self.run_code('echo $a; exit 5', status=5), b'1\n')
        self.assertEqual(self.run_code('trap "echo no" EXIT; trap - EXIT; '
            '(trap "echo sub" EXIT); exit 6',
                                       status=6), b'sub\n')

    def test_status(self):
        self.run_code('false', status=1)
        self.run_code('(exit 255)', status=255)
        reply = self.error(self.kernel.execute('sh -c "kill -9 \\$\\$"'), 'ExitStatus')
        self.assertEqual((reply.content['evalue'], reply.content['exit_status']),
                         ('killed by signal 9 (Killed)', 137))
        reply = self.kernel.execute('exit 3')
        self.assertEqual(reply.content['evalue'], 'exit status 3')
        self.assertEqual(self.run_code('echo $?'), b'3\n')

    def complete(self, code, **more):
        reply = self.kernel.request('complete_request', dict({'code': code}, **more))
        return self.ok(reply).content

    def test_completion(self):
        with tempfile.TemporaryDirectory() as directory:
            os.mkdir(directory + '/sub dir')
            open(directory + '/süß.txt', 'w').close()
            self.run_code('cd %s; my_own() { :; }; my_value=1' % directory)
            found = self.complete('true; my_o')
            self.assertEqual((found['matches'], found['cursor_start'], found['cursor_end']),
                             (['my_own'], 6, 10))
            self.assertEqual(self.complete('echo $my_v')['matches'], ['$my_value'])
            found = self.complete('cat süß sü', cursor_pos=10)
            self.assertEqual((found['matches'], found['cursor_start']), (['süß.txt'], 8))
            self.assertEqual(self.complete('ls su')['matches'], ['sub dir/'])
            self.assertEqual(self.complete('cat no_such')['matches'], [])
            self.assertIn('while', self.complete('whil')['matches'])
            self.assertNotIn('__ipkit_done', self.complete('__ipk')['matches'])
        self.assertEqual(self.run_code('echo $?'), b'0\n')

    def test_syntax_errors_and_stray_words(self):
        for code in ('if', 'echo "open', 'echo (', 'for', '}', 'cat <<E\nx', '`', 'done'):
            with self.subTest(code):
                reply = self.kernel.execute(code)
                if code != 'cat <<E\nx':
                    self.error(reply, 'ExitStatus')
        for word in ('break', 'continue', 'return', 'return 5', 'break 9'):
            with self.subTest(word):
                self.assertEqual(self.run_code(word + '; echo on'), b'on\n')

    def test_shell_options(self):
        self.assertEqual(self.run_code('set -e; echo a; false; echo b', status=1), b'a\n')
        self.assertEqual(self.run_code('false; echo b', status=1), b'')
        self.assertEqual(self.run_code('set +e; set -u; echo "$nope"; echo b', status=1), b'')
        self.assertEqual(self.run_code('set +u; set -f; set -C; echo *; IFS=:'), b'*\n')
        self.kernel.take_piped(2)
        self.assertEqual(self.run_code('set -x; echo t'), b't\n')
        self.assertEqual(self.run_code('set +x; set -v'), b'')
        self.assertNotIn(b'__ipkit', self.kernel.take_piped(2))
        self.ok(self.kernel.push('v', 'text', b'a:b '))
        self.assertEqual(self.kernel.pull('v').buffers, [b'a:b '])

    def test_functions_named_like_builtins(self):
        self.run_code('read() { echo mine; }; mapfile() { :; }; printf() { :; }; trap "" HUP')
        self.ok(self.kernel.push('v', 'lines', b'a\nb\n'))
        self.assertEqual(self.kernel.pull('v').buffers, [b'["a", "b"]'])

    def test_stdin_and_arguments(self):
        self.assertEqual(self.run_code('cat; echo end'), b'end\n')
        self.assertEqual(self.run_code('read x; echo "$x"; cat | od -An -c', [b'one\n\0\xff'],
            stdin=True),
                         b'one\n  \\0 377\n')
        self.error(self.kernel.execute('cat', stdin=True), 'ValueError')
        self.assertEqual(self.run_code('echo "$#:$1:$2"', argv=['f.sh', 'a b', '']), b'2:a b:\n')

    def test_background_child_does_not_hold_the_reply(self):
        self.ok(self.kernel.execute('sleep 300 & child=$!'))
        # A bash that has forked but not yet become sleep can swallow the signal.
        self.run_code('until read -r name </proc/$child/comm && [[ $name == sleep ]]; do :; done')
        self.assertEqual(self.run_code('kill $child; wait $child; echo $?'), b'143\n')

    def test_history_messages(self):
        reply = self.kernel.execute('false', silent=False)
        self.assertEqual([message.kind for message in reply.before], ['execute_input', 'error'])
        self.assertEqual(reply.content['execution_count'], 1)
        self.assertEqual(self.kernel.request('kernel_info_request',
            {}).content['language_info']['name'], 'sh')

    def test_children_inherit_nothing_of_ours(self):
        names = self.run_code('for f in /proc/self/fd/*; do readlink $f; done; env')
        self.assertNotIn(b'socket', names)
        self.assertNotIn(b'memfd', names)
        self.assertNotIn(b'IPKIT_KERNEL_FD', names)

    def test_long_code(self):
        code = 'x=%s\n' % ('y' * 3000000) + 'echo ${#x}\n'
        self.assertEqual(self.run_code(code), b'3000000\n')


class Interrupts(Case):
    def start(self, code):
        msg_id = self.kernel.send('execute_request', {'code': 'echo started; ' + code,
            'silent': True})
        self.kernel.wait_piped(b'started')
        self.kernel.take_piped()
        return msg_id

    def test_aborts_the_whole_command(self):
        self.run_code('a=1')
        for code in ('sleep 100; echo no', 'while :; do :; done; echo no',
            'sleep 100 | cat; echo no',
                     'f() { for i in 1 2; do sleep 100; done; }; f; echo no',
                         '(sleep 100; echo no); echo no',
                     'x=$(sleep 100); echo no'):
            with self.subTest(code):
                running = self.start(code)
                self.kernel.interrupt(running)
                reply = self.error(self.kernel.reply(running), 'KeyboardInterrupt')
                self.assertEqual(reply.content['exit_status'], 130)
                self.assertEqual(self.run_code('echo $a'), b'1\n')

    def test_before_it_begins(self):
        for kind, content, buffers in (
                ('execute_request', {'code': 'sleep 100', 'silent': True}, []),
                ('map_request', {'code': '', 'count': 1, 'sep': '\n'}, [b'sleep 100\n'])):
            reply = self.kernel.interrupt_before_it_begins(kind, content, buffers)
            self.error(reply, 'KeyboardInterrupt')
            self.assertEqual(self.run_code('echo on'), b'on\n')

    def test_idle(self):
        self.kernel.signal()
        self.kernel.interrupt('x')
        self.assertEqual(self.run_code('echo on'), b'on\n')

    def test_during_a_map(self):
        msg_id = self.kernel.send('map_request', {'code': '', 'count': 2, 'sep': '\n'},
                                  [b'echo started >&2; sleep 100\necho no\n'])
        self.kernel.wait_piped(b'started', 2)
        self.kernel.interrupt(msg_id)
        self.error(self.kernel.reply(msg_id), 'KeyboardInterrupt')
        self.assertEqual(self.kernel.map('', [b'echo 1']).buffers, [b'1\n'])


class Values(Case):
    def test_push(self):
        for kind, data, expected in [
                ('text', b'a\xff \n\n', "declare -- v=$'a\\377 \\n\\n'"), ('json', b'"x y"',
                    'declare -- v="x y"'),
                ('json', b' 1.50 ', 'declare -- v="1.50"'), ('bytes', b'', 'declare -- v=""'),
                ('lines', b'a\n\nb c', 'declare -a v=([0]="a" [1]="" [2]="b c")'),
                ('lines', b'', 'declare -a v=()'), ('nul', b'a\nb\0',
                    "declare -a v=([0]=$'a\\nb')"),
                ('json', b'["a", 2]', 'declare -a v=([0]="a" [1]="2")'), ('text', b'-n',
                    'declare -- v="-n"')]:
            with self.subTest(kind=kind, data=data):
                self.ok(self.kernel.push('v', kind, data))
                self.assertEqual(self.run_code('declare -p v'), expected.encode() + b'\n')

    def test_what_it_cannot_hold(self):
        for kind, data in [('text', b'a\0'), ('bytes', b'\0'), ('lines', b'a\0\n'), ('json', b'{}'),
                           ('json', b'[[1]]'), ('json', b'null'), ('json', b'"\\u0000"'), ('npy',
                               b'x'),
                           ('ref', b'x')]:
            with self.subTest(kind=kind, data=data):
                self.error(self.kernel.push('v', kind, data), 'TypeError')
        self.run_code('declare -r fixed=1')
        reply = self.kernel.request('push_request', {'names': ['n', 'fixed'],
            'types': ['text'] * 2}, [b'', b''])
        self.error(reply, 'TypeError')
        self.error(self.kernel.pull('n'), 'NameError')

    def test_bad_pushes(self):
        for content, buffers in [({}, []), ({'names': ['a']}, [b'']), ({'names': ['a'],
            'types': []}, [b'']),
                                 ({'names': ['a;b'], 'types': ['text']}, [b'']),
                                     ({'unbind': ['$(x)']}, []),
                                 ({'names': ['__ipkit_in'], 'types': ['text']}, [b'']),
                                 ({'names': ['a'], 'types': ['yaml']}, [b'']), ({'names': 3}, []),
                                 ({'names': ['a'], 'types': ['json']}, [b'{'])]:
            with self.subTest(content):
                self.error(self.kernel.request('push_request', content, buffers), 'ValueError')

    def test_unbind_and_stages(self):
        stage = lambda *buffers, **more: self.kernel.request(
            'push_request', dict({'stage': 's'}, **more), list(buffers))
        self.ok(stage(b'a\nb', begin=True))
        self.ok(stage(b'c\n', name='v', type='lines', end=True))
        self.assertEqual(self.kernel.pull('v').buffers, [b'["a", "bc"]'])
        self.error(stage(b'x'), 'KeyError')
        self.ok(self.kernel.request('push_request', {'unbind': ['v', 'never']}))
        self.error(self.kernel.pull('v'), 'NameError')
        self.ok(stage(begin=True))
        self.ok(stage(drop=True))
        self.error(stage(end=True, name='v', type='text'), 'KeyError')

    def test_pull(self):
        self.run_code('s=$\'a\\n\'; l=(1 "x y" ""); e=(); declare -A m=([k]=v); '
            'b=$\'\\xff"\'; sp=([3]=z); em=')
        reply = self.ok(self.kernel.pull('s', 'l', 'e', 'm', 'l[1]', 'm[k]', 'b', 'sp', 'em'))
        self.assertEqual(reply.buffers, [b'a\n', b'["1", "x y", ""]', b'[]', b'{"k": "v"}', b'x y',
            b'v',
                                         b'\xff"', b'["z"]', b''])
        self.assertEqual(reply.content['types'][:4], ['text', 'json', 'json', 'json'])
        reply = self.ok(self.kernel.pull('s', 'b', 'l', form='json'))
        self.assertEqual(reply.buffers, [b'"a\\n"', b'"\\udcff\\""', b'["1", "x y", ""]'])
        reply = self.ok(self.kernel.pull('l', 'e', 's', 'm', elements=True, sep='\0'))
        self.assertEqual(reply.buffers, [b'1\0x y\0\0', b'', b'a\n\0', b'{"k": "v"}\0'])
        self.assertEqual(reply.content['counts'], [3, 0, 1, 1])

    def test_pull_errors(self):
        self.assertEqual(self.error(self.kernel.pull('nope'), 'NameError').content['name'], 'nope')
        for name in ('a b', '$(touch x)', 'l[', ''):
            self.error(self.kernel.pull(name), 'NameError')
        self.run_code('a=1')
        self.error(self.kernel.pull('a', form='npy'), 'TypeError')
        for content in ({'names': 'a'}, {'names': ['a'], 'sep': ','}, {'names': ['a'], 'form': 'x'},
                        {'names': ['a'], 'limit': -1}, {}, {'names': [5]}):
            with self.subTest(content):
                self.error(self.kernel.request('pull_request', content), 'ValueError')

    def test_tokens(self):
        self.run_code('a=0123456789')
        held = lambda token, **more: self.kernel.request('pull_request', dict({'token': token},
            **more))
        token = self.kernel.pull('a', limit=3).content['token']
        self.assertEqual(held(token, index=0, offset=8, length=9).buffers, [b'89'])
        self.error(held(token, index=1, offset=0, length=9), 'IndexError')
        self.ok(held(token, release=True))
        self.error(held(token, index=0, offset=0, length=1), 'KeyError')

    def test_large_values(self):
        lines = b''.join(b'line %d\n' % number for number in range(200000))
        self.ok(self.kernel.push('v', 'lines', lines))
        self.assertEqual(self.ok(self.kernel.pull('v', elements=True)).buffers[0], lines)
        self.ok(self.kernel.push('v', 'text', lines))
        self.assertEqual(self.ok(self.kernel.pull('v')).buffers[0], lines)

    def test_list_and_clear(self):
        self.run_code('b=(1 2); a="xyzé"; f() { :; }; declare -A m=(); cd /')
        names = self.kernel.request('list_request', {}).content['names']
        self.assertEqual([(one['name'], one['type'], one['size']) for one in names],
                         [('a', 'string', 5), ('b', 'array', 2), ('f', 'function', None), ('m',
                             'map', 0)])
        self.run_code('exit 3', status=3)
        self.assertEqual(self.kernel.request('list_request', {}).content['names'], names)
        self.ok(self.kernel.request('clear_request', {}))
        self.assertEqual(self.kernel.request('list_request', {}).content['names'], [])
        self.assertEqual(self.run_code('pwd'), os.getcwd().encode() + b'\n')


class Map(Case):
    def test_items(self):
        self.run_code('a=5; f() { echo "f $1"; }')
        items = [b'echo $a', b'f x; a=6', b'echo out; echo err >&2; exit 3', b'kill -9 $BASHPID',
            b'printf x',
                 b'if', b'cat', b'cd /', b'pwd >/dev/null; echo $a', b'printf "a\\0b"', b'\xff']
        reply = self.ok(self.kernel.map('', items))
        self.assertEqual((reply.content['form'], reply.content['count']), ('sized', len(items)))
        self.assertEqual(reply.content['sizes'], [2, 4, 4, 0, 1, 0, 0, 0, 2, 3, 0])
        self.assertEqual(reply.buffers[0], b'5\nf x\nout\nx5\na\0b')
        failed = {one['index']: one for one in reply.content['failed']}
        self.assertEqual({index: one['exit_status'] for index, one in failed.items()},
                         {2: 3, 3: 137, 5: 2, 10: 127})
        self.assertEqual(failed[3]['evalue'], 'killed by signal 9 (Killed)')
        self.kernel.wait_piped(b'err\n', 2)

    def test_separators_and_background(self):
        reply = self.ok(self.kernel.map('', [b'echo a\necho b', b'sleep 300 & echo c'], sep=b'\0'))
        self.assertEqual((reply.content['sizes'], reply.buffers), ([4, 2], [b'a\nb\nc\n']))
        self.assertEqual(self.ok(self.kernel.map('', [])).buffers, [b''])

    def test_bad(self):
        good = {'code': '', 'count': 1, 'sep': '\n'}
        for change in ({'count': 2}, {'count': 10**18}, {'count': -1}, {'sep': ','}, {'code': 'x'},
            {'out': 1},
                       {'count': None}):
            with self.subTest(change):
                reply = self.kernel.request('map_request', dict(good, **change), [b'true\n'])
                self.error(reply, 'ValueError')
        for buffers in ([], [b'true'], [b'a\0b\n']):
            self.error(self.kernel.request('map_request', good, buffers), 'ValueError')


class LifeAndDeath(Case):
    def death(self, code):
        self.kernel.send('execute_request', {'code': code, 'silent': True})
        with self.assertRaises(driver.KernelDied):
            self.kernel.reply()
        return self.kernel.wait()

    def test_shell_killed(self):
        self.assertEqual(self.death('kill -9 $$'), -signal.SIGKILL)

    def test_shell_replaced(self):
        self.assertEqual(self.death('exec sh -c "exit 7"'), 7)

    def test_engine_gone(self):
        self.kernel.socket.close()
        self.assertEqual(self.kernel.wait(), 0)

    def test_engine_gone_while_a_command_runs(self):
        self.kernel.send('execute_request', {'code': 'echo started; sleep 300', 'silent': True})
        self.kernel.wait_piped(b'started')
        self.kernel.socket.close()
        self.assertEqual(self.kernel.wait(), 0)

    def test_bad_frames(self):
        self.kernel.send_bytes(b'\1\0\0\0' * 8)
        self.assertEqual(self.kernel.wait(), 70)

    def test_bad_requests(self):
        for frames in ([b'{"msg_type": "list_request"}', b'{}', b'{}', b'{bad'],
                       [b'{"msg_type": "list_request"}', b'{}', b'{}', b'7'],
                       [b'{"msg_type": "push_request"}', b'{}', b'{}',
                           b'{"stage": "s", "begin": 7}']):
            self.kernel.send_frames(frames)
            self.error(self.kernel.reply(), 'ValueError')
        self.kernel.send_frames([b'junk', b'{}', b'{}', b'{}'])
        self.error(self.kernel.reply(), 'NotImplementedError')
        self.error(self.kernel.request('apply_request', {}), 'NotImplementedError')
        self.error(self.kernel.execute('a\0b'), 'ValueError')
        self.error(self.kernel.execute(5), 'ValueError')

    def test_no_bash(self):
        with tempfile.TemporaryDirectory() as empty:
            with self.assertRaises(driver.KernelDied) as caught:
                driver.sh_kernel(env={'PATH': empty})
            self.assertIn('needs bash', str(caught.exception))

    def test_no_engine(self):
        environment = {key: value for key, value in os.environ.items() if key != 'IPKIT_KERNEL_FD'}
        done = subprocess.run([driver.SH], env=environment, capture_output=True, timeout=30)
        self.assertEqual(done.returncode, 64)

    @unittest.skipUnless(shutil.which('shellcheck'), 'no shellcheck here')
    def test_driver_passes_shellcheck(self):
        path = os.path.join(driver.ROOT, 'kernels', 'sh', 'driver.bash')
        done = subprocess.run(['shellcheck', path], capture_output=True, timeout=60)
        self.assertEqual(done.stdout, b'')


class Functions(Case):
    def push(self, name, text, function, file='lib.sh'):
        return self.kernel.request(
            'push_request', {'names': [name], 'types': ['code']},
            [json.dumps({'file': file, 'name': function, 'text': text}).encode()])

    def source(self, name):
        return self.kernel.request('pull_request', {'names': [name], 'form': 'source'})

    def test_a_file_and_its_text_back(self):
        self.ok(self.push('g', 'f() {\n  echo "f $1"\n}\n', 'f'))
        self.assertEqual(self.run_code('g 1; f 2'), b'f 1\nf 2\n')
        reply = self.ok(self.source('g'))
        self.assertEqual(reply.content['types'], ['text'])
        self.assertEqual(bytes(reply.buffers[0]), b'g () \n{ \n    echo "f $1"\n}')

    def test_the_options_and_status_of_the_user_stay(self):
        self.run_code('set -eu; (exit 3)', status=3)
        self.run_code('set -u')
        self.ok(self.push('f', 'f() { echo "${unset-none}"; }; shopt -s extglob', 'f'))
        self.assertEqual(self.run_code('f; [[ $- == *u* ]] && shopt -q extglob && echo on'),
                         b'none\non\n')

    def test_exit_in_the_file_and_an_error(self):
        self.run_code('kept=1')
        reply = self.error(self.push('f', 'exit 3', 'f'), 'AttributeError')
        self.assertEqual(reply.content['evalue'], 'lib.sh defines no f: exit status 3')
        self.assertEqual(self.run_code('echo $kept'), b'1\n')
        reply = self.error(self.push('f', 'f() {\n', 'f'), 'SyntaxError')
        self.assertRegex(reply.content['evalue'], '^lib.sh: line [12]: syntax error')
        self.error(self.push('f', 'f() { :; }', 'a b'), 'ValueError')
        self.error(self.push('f', 'f\0', 'f'), 'TypeError')
        self.error(self.source('f'), 'NameError')
        self.error(self.source('kept'), 'TypeError')
        self.error(self.source('a b'), 'NameError')


if __name__ == '__main__':
    unittest.main()

# SPDX-License-Identifier: BSD-3-Clause
# test_sh_plain.py: items that are a program and its words, which the sh kernel starts itself.
import os
import tempfile
import unittest

import driver
from test_sh import Case

PARENT = b"sh -c 'echo $PPID'"  # the kernel, if there is no bash between


class Plain(Case):
    def setUp(self):
        super().setUp()
        self.pid = b'%d\n' % self.kernel.ready.content['pid']

    def outputs(self, *items):
        """What each item printed."""
        reply = self.ok(self.kernel.map('', list(items)))
        data, outputs = reply.buffers[0], []
        for size in reply.content['sizes']:
            outputs.append(data[:size])
            data = data[size:]
        return outputs

    def assert_by_kernel(self):
        self.assertEqual(self.outputs(PARENT, PARENT), [self.pid] * 2)

    def assert_by_bash(self):
        self.assertNotIn(self.pid, self.outputs(PARENT, PARENT))

    def script(self, text, mode=0o755):
        """Path of an executable."""
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = os.path.join(directory.name, 'ipkit-tool')
        with open(path, 'w') as file:
            file.write(text)
        os.chmod(path, mode)
        return path


class Same(Plain):
    def test_who_starts_them(self):
        self.assertNotEqual(self.outputs(PARENT), [self.pid])  # not worth a question
        self.assertEqual(self.outputs(PARENT), [self.pid])  # the second of a series
        self.run_code('a=1')
        self.assertNotEqual(self.outputs(PARENT), [self.pid])
        self.assert_by_kernel()
        # One that is no program and nothing but words sends all of them through bash.
        for other in (b'true', b'echo $a', b'a=1 env', b'env; env', b'env>/dev/null', b'env &',
                      b'( env )', b'no-such-ipkit-tool', b'env # x', b'{ env; }', b'! env',
                      b'env *', b'env ~', b'env {a,b}', b'env "$a"', b'if'):
            with self.subTest(other):
                self.assertNotEqual(self.outputs(PARENT, other)[0], self.pid)

    def test_words(self):
        show = b"/usr/bin/printf '<%s>' "
        for words in (b"a 'b  c' \"d  e\" f\\ g", b"'' \"\" x'y'\"z\"", b'a=b -x --y=/z,1:2 +% @',
                      b"\t'\"' \"'\" \\\\ \\'  ", b"'$HOME `x` *'", "'Ärger'".encode()):
            with self.subTest(words):
                ours, bash = show + words, show + words + b';'
                self.assertEqual(self.outputs(ours, PARENT), [self.outputs(bash)[0], self.pid])

    def test_environment_and_directory(self):
        self.run_code("export A='x  y' E= B=$'1\\n2' D; unset HOME; C=hidden; cd /usr/share")
        reply = self.outputs(b'env -0', b'/bin/pwd', b'readlink /proc/self/cwd', PARENT)
        self.assertEqual(reply[1:], [b'/usr/share\n', b'/usr/share\n', self.pid])
        self.assertEqual(sorted(reply[0].split(b'\0')),
                         sorted(self.outputs(b'env -0;')[0].split(b'\0')))
        self.run_code('export A=2; cd /')
        reply = self.outputs(b'printenv A', b'/bin/pwd', PARENT)
        self.assertEqual(reply, [b'2\n', b'/\n', self.pid])

    def test_files(self):
        first, second = self.script('#!/bin/sh\necho 1\n'), self.script('#!/bin/sh\necho 2\n')
        for path, answer in ((first, b'1\n'), (second, b'2\n')):
            self.run_code('PATH=%s:$PATH' % os.path.dirname(path))
            self.assertEqual(self.outputs(b'ipkit-tool', PARENT), [answer, self.pid])
        self.run_code('cd %s' % os.path.dirname(first))
        self.assertEqual(self.outputs(b'./ipkit-tool', PARENT), [b'1\n', self.pid])

    def test_status(self):
        items = [b"sh -c 'exit 3'", b"sh -c 'kill -9 $$'", b"sh -c 'echo err >&2; exit 1'", b'cat',
                 PARENT]
        reply = self.ok(self.kernel.map('', items))
        self.assertEqual(reply.buffers, [self.pid])
        self.assertEqual([(one['index'], one['exit_status'], one['evalue'])
                          for one in reply.content['failed']],
                         [(0, 3, 'exit status 3'), (1, 137, 'killed by signal 9 (Killed)'),
                          (2, 1, 'exit status 1')])
        self.kernel.wait_piped(b'err\n', 2)
        self.kernel.map('', [b'/bin/true', b"sh -c 'exit 5'"])
        self.assertEqual(self.run_code('echo $?'), b'5\n')

    def test_what_only_bash_can_start(self):
        script = self.script('echo plain $0\n')  # without #!
        self.assertEqual(self.outputs(script.encode(), PARENT)[0], b'plain %s\n' % script.encode())
        gone = self.script('#!/no/such/ipkit-interpreter\n')
        reply = self.ok(self.kernel.map('', [gone.encode(), b"sh -c 'echo on'"]))
        self.assertEqual(reply.buffers, [b'on\n'])
        self.assertEqual([(one['index'], one['exit_status'])
                          for one in reply.content['failed']], [(0, 127)])
        self.kernel.wait_piped(os.path.basename(gone).encode(), 2)

    def test_descriptors(self):
        # Nothing of ours is inherited; 3 is that of ls.
        self.assertEqual(self.outputs(b'ls /proc/self/fd', PARENT), [b'0\n1\n2\n3\n', self.pid])


class Touched(Plain):
    def test_what_bash_must_pass_on(self):
        for code in ('umask 077', 'trap "" USR1', 'trap ": x" USR2', 'exec 7</dev/null',
                     'ulimit -n 200', 'f() { :; }; export -f f', 'set -f',
                     'exec 2>/dev/null', 'taskset -pc 0 $$ >/dev/null'):
            with self.subTest(code):
                self.assert_by_kernel()
                self.run_code('%s; true' % code)
                self.assert_by_bash()
                self.ok(self.kernel.request('clear_request', {}))
        self.assert_by_kernel()

    def test_names_that_are_no_programs(self):
        self.run_code('env() { echo "f $1"; }; shopt -s expand_aliases; alias ls="echo a"')
        self.assertEqual(self.outputs(b'env 1', PARENT)[0], b'f 1\n')
        self.assertEqual(self.outputs(b'ls 1', PARENT)[0], b'a 1\n')
        self.run_code('unset -f env; unalias ls')
        self.assert_by_kernel()

    def test_exit_keeps_it(self):
        self.run_code('export A=1; exit 3', status=3)
        self.assertEqual(self.outputs(b'printenv A', PARENT), [b'1\n', self.pid])


class Ends(Plain):
    def start(self, *items):
        """Runs items of which one says on standard error that it runs."""
        self.assert_by_kernel()
        msg_id = self.kernel.send('map_request', {'code': '', 'count': len(items), 'sep': '\n'},
                                  [b''.join(item + b'\n' for item in items)])
        self.kernel.wait_piped(b'started', 2)
        self.kernel.take_piped(2)
        return msg_id

    def test_interrupt(self):
        for sleeper in (b"sh -c 'echo started >&2; sleep 100'",
                        b"sh -c 'trap \"exit 0\" INT; echo started >&2; sleep 100'"):
            msg_id = self.start(b'/bin/true', sleeper, b"sh -c 'echo no >&2'")
            self.kernel.interrupt(msg_id)
            reply = self.error(self.kernel.reply(msg_id), 'KeyboardInterrupt')
            self.assertEqual(reply.content['exit_status'], 130)
            self.assertEqual(self.run_code('echo on'), b'on\n')
            self.assertEqual(self.kernel.take_piped(2), b'')

    def test_engine_gone(self):
        self.start(b"sh -c 'echo started >&2; sleep 300'", b'/bin/true')
        self.kernel.socket.close()
        self.assertEqual(self.kernel.wait(), 0)


# The tests of test_sh run from there.
del Case

if __name__ == '__main__':
    unittest.main()

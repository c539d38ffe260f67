# SPDX-License-Identifier: BSD-3-Clause
# front_end.py FILE CASE: a front end of Jupyter's at an ipkernel, by its own client library.
import sys
import time
from queue import Empty

from jupyter_client import BlockingKernelClient

LIMIT = 60


class FrontEnd:
    def __init__(self, path):
        self.client = BlockingKernelClient(connection_file=path)
        self.client.load_connection_file()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=LIMIT)

    def begin(self, code, **more):
        return self.client.execute(code, **more)

    def end(self, ident):
        """(content of the reply, [(type, content)] of what was published for it)"""
        shown = []
        while True:
            message = self.client.get_iopub_msg(timeout=LIMIT)
            if message['parent_header'].get('msg_id') != ident:
                continue
            kind, content = message['msg_type'], message['content']
            shown.append((kind, content))
            if kind == 'status' and content['execution_state'] == 'idle':
                break
        return self.reply(ident), shown

    def reply(self, ident):
        while True:
            message = self.client.get_shell_msg(timeout=LIMIT)
            if message['parent_header'].get('msg_id') == ident:
                return message['content']

    def run(self, code, **more):
        return self.end(self.begin(code, **more))

    def until(self, ident, kind, text=''):
        """Waits for a message of this kind with this text in it."""
        while True:
            message = self.client.get_iopub_msg(timeout=LIMIT)
            if (message['parent_header'].get('msg_id') == ident and message['msg_type'] == kind
                    and text in str(message['content'])):
                return message

    def ask(self, kind, **content):
        message = self.client.session.msg(kind, content)
        self.client.shell_channel.send(message)
        return self.reply(message['header']['msg_id'])

    def control(self, kind, **content):
        message = self.client.session.msg(kind, content)
        self.client.control_channel.send(message)
        while True:
            reply = self.client.get_control_msg(timeout=LIMIT)
            if reply['parent_header'].get('msg_id') == message['header']['msg_id']:
                return reply['content']


def text(shown, name='stdout'):
    return ''.join(content['text'] for kind, content in shown
                   if kind == 'stream' and content['name'] == name)


def kinds(shown):
    return [kind for kind, _ in shown]


def equal(got, wanted):
    assert got == wanted, 'got %r, not %r' % (got, wanted)


def of(shown, kind):
    return [content for one, content in shown if one == kind]


# -- one engine

def cells(front):
    reply, shown = front.run('print("one"); import sys; print("two", file=sys.stderr)\n6 * 7')
    equal(reply['status'], 'ok')
    equal(kinds(shown)[0], 'status')
    equal(shown[0][1]['execution_state'], 'busy')
    equal(kinds(shown)[1], 'execute_input')
    equal(kinds(shown)[-2:], ['execute_result', 'status'])
    equal(text(shown), 'one\n')
    equal(text(shown, 'stderr'), 'two\n')
    result = of(shown, 'execute_result')[0]
    equal(result['data']['text/plain'], '42')
    number = reply['execution_count']
    equal(result['execution_count'], number)
    equal(of(shown, 'execute_input')[0]['execution_count'], number)
    equal(of(front.run('Out[%d]' % number)[1], 'execute_result')[0]['data']['text/plain'], '42')
    reply, shown = front.run('def f():\n    return 1 / 0\nf()')
    equal(reply['status'], 'error')
    equal(reply['ename'], 'ZeroDivisionError')
    error = of(shown, 'error')[0]
    assert any('return 1 / 0' in line for line in error['traceback']), error
    reply, shown = front.run('x = 5; print("unseen")', silent=True)
    assert 'execute_input' not in kinds(shown)
    before = front.run('x')[0]['execution_count']
    after = front.run('x', store_history=False)[0]['execution_count']
    equal(after, before)
    reply, _ = front.run('', user_expressions={'six': 'x + 1', 'bad': 'nothing'})
    reply, _ = front.run('x = 6', user_expressions={'seven': 'x + 1', 'bad': 'nothing'})
    equal(reply['user_expressions']['seven']['data']['text/plain'], '7')
    equal(reply['user_expressions']['bad']['status'], 'error')
    equal(text(front.run('print("é" * 3, end="")')[1]), 'ééé')


def questions(front):
    info = front.ask('kernel_info_request')
    equal(info['language_info']['name'], 'python')
    assert 'engine 0' in info['banner'], info
    front.run('import os; a_name = 1; second_name = 2')
    found = front.ask('complete_request', code='é = os.getc', cursor_pos=11)
    assert 'getcwd' in ' '.join(found['matches']), found
    equal((found['cursor_start'], found['cursor_end']), (7, 11))
    found = front.ask('complete_request', code='%targ', cursor_pos=5)
    equal(found['matches'], ['%targets'])
    found = front.ask('inspect_request', code='os.getcwd', cursor_pos=9, detail_level=0)
    assert found['found'] and 'getcwd' in found['data']['text/plain'], found
    equal(front.ask('inspect_request', code='nothing', cursor_pos=7)['found'], False)
    for code, state in (('x = 1', 'complete'), ('for i in x:', 'incomplete'), ('f(', 'incomplete'),
                        ('%%px\nx', 'incomplete')):
        equal(front.ask('is_complete_request', code=code)['status'], state)
    equal(front.ask('is_complete_request', code='for i in x:')['indent'], '    ')
    equal(front.ask('comm_info_request')['comms'], {})
    rows = front.ask('history_request', hist_access_type='tail', n=10, output=False, raw=True)
    equal(rows['history'][-1][2], 'import os; a_name = 1; second_name = 2')
    rows = front.ask('history_request', hist_access_type='search', pattern='*second*', n=10)
    equal(len(rows['history']), 1)
    ports = front.ask('connect_request')
    equal(ports['shell_port'], front.client.shell_port)
    reply, _ = front.run('os.getcwd?')
    assert 'getcwd' in reply['payload'][0]['data']['text/plain'], reply
    reply, _ = front.run('exit')
    equal(reply['payload'], [{'source': 'ask_exit', 'keepkernel': True}])


def rich(front):
    _, shown = front.run('''from IPython.display import HTML, clear_output, display
handle = display(HTML('<b>bold</b>'), display_id='named')
handle.update(HTML('<i>slanted</i>'))
clear_output(wait=True)
''')
    equal(of(shown, 'display_data')[0]['data']['text/html'], '<b>bold</b>')
    equal(of(shown, 'display_data')[0]['transient']['display_id'], 'named')
    equal(of(shown, 'update_display_data')[0]['data']['text/html'], '<i>slanted</i>')
    equal(of(shown, 'clear_output')[0], {'wait': True})
    _, shown = front.run('HTML("<u>result</u>")')
    equal(of(shown, 'execute_result')[0]['data']['text/html'], '<u>result</u>')
    _, shown = front.run('import matplotlib; matplotlib.use("module://matplotlib_inline.backend_'
                         'inline")\nfrom matplotlib import pyplot\npyplot.plot([1, 2])\n'
                         'pyplot.show()')
    assert any('image/png' in one['data'] for one in of(shown, 'display_data')), shown


def stop_on_error(front):
    first = front.begin('import time; time.sleep(1); 1/0')
    second, third = front.begin('print("never")'), front.begin('print("never")')
    equal(front.end(first)[0]['status'], 'error')
    for ident in (second, third):
        reply, shown = front.end(ident)
        equal(reply['status'], 'aborted')
        equal(kinds(shown), ['status', 'status'])
    equal(front.run('1')[0]['status'], 'ok')
    first = front.begin('time.sleep(1); 1/0', stop_on_error=False)
    second = front.begin('print("goes on")')
    equal(front.end(first)[0]['status'], 'error')
    equal(text(front.end(second)[1]), 'goes on\n')


def interrupt(front):
    ident = front.begin('import time\nprint("runs")\ntime.sleep(100)')
    front.until(ident, 'stream', 'runs')
    equal(front.control('interrupt_request')['status'], 'ok')
    reply, _ = front.end(ident)
    equal((reply['status'], reply['ename']), ('error', 'KeyboardInterrupt'))
    # Between cells it does nothing.
    equal(front.control('interrupt_request')['status'], 'ok')
    equal(front.run('1')[0]['status'], 'ok')
    ident = front.begin('!echo shell; sleep 100')
    front.until(ident, 'stream', 'shell')
    front.control('interrupt_request')
    equal(front.end(ident)[0]['status'], 'error')


def answer(front, value):
    asked = front.client.get_stdin_msg(timeout=LIMIT)['content']
    front.client.input(value)
    return asked


def asking(front):
    ident = front.begin('print("you are", input("name: "))', allow_stdin=True)
    equal(answer(front, 'somebody'), {'prompt': 'name: ', 'password': False})
    equal(text(front.end(ident)[1]), 'you are somebody\n')
    ident = front.begin('import getpass; print(len(getpass.getpass("pass: ")))', allow_stdin=True)
    equal(answer(front, 'hidden'), {'prompt': 'pass: ', 'password': True})
    equal(text(front.end(ident)[1]), '6\n')
    ident = front.begin('input()', allow_stdin=True)
    answer(front, '\x04')
    equal(front.end(ident)[0]['ename'], 'EOFError')
    ident = front.begin('input("never: ")', allow_stdin=True)
    front.client.get_stdin_msg(timeout=LIMIT)
    front.control('interrupt_request')
    equal(front.end(ident)[0]['ename'], 'KeyboardInterrupt')
    equal(front.run('input()', allow_stdin=False)[0]['ename'],
          front.run('input()', allow_stdin=False)[0]['ename'])
    assert front.run('input()', allow_stdin=False)[0]['status'] == 'error'


def debugging(front):
    """%debug, %prun and breakpoint() where somebody answers."""
    front.run('def f(x):\n    y = x - 1\n    return 1 / y', allow_stdin=True)
    front.run('f(1)', allow_stdin=True)
    ident = front.begin('import pdb; pdb.pm()', allow_stdin=True)
    equal(answer(front, 'p y')['prompt'], '(Pdb) ')
    answer(front, 'quit')
    assert '0\n' in text(front.end(ident)[1])
    ident = front.begin('%debug', allow_stdin=True)
    assert 'ipdb' in answer(front, 'p y + 40')['prompt']
    answer(front, 'quit')
    assert '40\n' in text(front.end(ident)[1])
    reply, shown = front.run('%prun f(3)', allow_stdin=True)
    equal(reply['status'], 'ok')
    assert 'function calls' in text(shown) + str(reply['payload']), (reply, shown)
    front.run('%pdb on')
    ident = front.begin('f(1)', allow_stdin=True)
    assert 'ipdb' in answer(front, 'p y + 50')['prompt']
    answer(front, 'quit')
    reply, shown = front.end(ident)
    equal(reply['ename'], 'ZeroDivisionError')
    assert '50\n' in text(shown)
    front.run('%pdb off')
    equal(front.run('f(1)', allow_stdin=True)[0]['ename'], 'ZeroDivisionError')
    # Where nobody can be asked the debugger says where it stands, and ends.
    reply, shown = front.run('%debug', allow_stdin=False)
    equal(reply['status'], 'ok')
    assert '1 / y' in text(shown), shown
    equal(of(front.run('y = 6; y * 7')[1], 'execute_result')[0]['data']['text/plain'], '42')


# -- several engines

def several(front):
    assert 'engines 0-2' in front.ask('kernel_info_request')['banner']
    reply, shown = front.run('r = 7; print("one\\ntwo", end="")\nr')
    equal(sorted(text(shown).split('\n')), [''] + sorted(
        '[stdout:%d] %s' % (engine, word) for engine in range(3) for word in ('one', 'two')))
    results = [one['data']['text/plain'] for one in of(shown, 'display_data')]
    equal([one.split(':')[0] for one in results], ['Out[0', 'Out[1', 'Out[2'])
    assert all(one.endswith(']: 7') for one in results), results
    reply, shown = front.run('1/0')
    equal(reply['status'], 'error')
    equal(len(of(shown, 'error')), 1)
    equal(of(shown, 'error')[0]['traceback'][0], '[0-2 (3):execute]')
    _, shown = front.run('%%px -t 0\nwho = "zero"\nprint(who)')
    equal(text(shown), 'zero\n')
    _, shown = front.run('%%px -t 1:3\nwho = "others"\nprint(who)')
    equal(sorted(text(shown).splitlines()), ['[stdout:1] others', '[stdout:2] others'])
    _, shown = front.run('%px -t 1 print(who)\nprint("all")\n%targets 2\nprint(who)')
    lines = text(shown).splitlines()
    equal(lines[0], 'others')
    equal(sorted(lines[1:4]), ['[stdout:%d] all' % engine for engine in range(3)])
    equal(lines[4], 'others')
    equal(text(front.run('%targets')[1]), 'targets 2: 2, of 0-2\n')
    front.run('%targets all')
    equal(text(front.run('!echo $((6 * 7))')[1]).count('42'), 3)
    assert '%targets' in text(front.run('%help')[1])
    equal(text(front.run('%ipexec -t 0 "print(who)"')[1]), 'zero\n')
    reply, shown = front.run('%ipexec -t 0 1/0')
    equal((reply['status'], reply['ename']), ('error', 'ExitStatus'))
    assert 'ZeroDivisionError' in text(shown, 'stderr'), shown
    reply, _ = front.run('%targets 9')
    equal((reply['status'], reply['ename']), ('error', 'NoEngine'))
    equal(front.run('%target 0')[0]['ename'], 'UsageError')
    front.run('%autopx')
    _, shown = front.run('print("here")')
    equal(text(shown), 'here\n')
    _, shown = front.run('%px -t 0 print(who)')
    equal(text(shown), 'zero\n')
    front.run('%autopx')
    _, shown = front.run('''from IPython.display import HTML, display
display(HTML('<b>bold</b>'), display_id='same')''')
    names = [one['transient']['display_id'] for one in of(shown, 'display_data')
             if 'transient' in one]
    equal(sorted(names), ['0:same', '1:same', '2:same'])
    equal(text(shown).count('[output:'), 3)
    ident = front.begin('answer = input("which? ")', allow_stdin=True)
    prompts = {answer(front, str(n))['prompt'] for n in range(3)}
    equal(prompts, {'0: which? ', '1: which? ', '2: which? '})
    equal(front.end(ident)[0]['status'], 'ok')


def death(front):
    reply, shown = front.run('import os; os._exit(3)')
    equal(reply['status'], 'error')
    assert 'exit status 3' in str(of(shown, 'error')), shown
    equal(front.run('1')[0]['status'], 'ok')


def gone(front):
    reply, shown = front.run('1')
    equal((reply['status'], reply['ename']), ('error', 'NoController'))
    equal(len(of(shown, 'error')), 1)
    assert 'ipcluster start' in front.ask('kernel_info_request')['banner']


def again(front):
    _, shown = front.run('6 * 7')
    equal(of(shown, 'execute_result')[0]['data']['text/plain'], '42')


def strangers(front):
    """What is not signed by the file's key, or comes again, is not heard."""
    from jupyter_client.session import Session
    wrong = Session(key=b'wrong')
    ran = front.client.session.msg('execute_request', {'code': 'heard = 1'})
    wrong.send(front.client.shell_channel.socket, ran)
    try:
        front.client.get_shell_msg(timeout=1)
        assert False, 'it was answered'
    except Empty:
        pass
    equal(front.run('"heard" in dir()')[1][-2][1]['data']['text/plain'], 'False')
    session = front.client.session
    frames = session.serialize(session.msg('execute_request', dict(
        code='n = globals().get("n", 0) + 1', silent=False, store_history=True,
        user_expressions={}, allow_stdin=False, stop_on_error=True)))
    for _ in range(3):
        front.client.shell_channel.socket.send_multipart(frames)
    equal(front.run('n')[1][-2][1]['data']['text/plain'], '1')


def shutdown(front):
    reply = front.control('shutdown_request', restart=False)
    equal(reply['restart'], False)


def restart(front):
    front.run('kept = 1')
    equal(front.control('shutdown_request', restart=True)['restart'], True)


def main():
    front = FrontEnd(sys.argv[1])
    try:
        for name in sys.argv[2:]:
            began = time.monotonic()
            globals()[name](front)
            print('%s: %.1f s' % (name, time.monotonic() - began))
    finally:
        front.client.stop_channels()


main()

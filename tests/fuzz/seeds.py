#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""seeds.py: writes the seeds of the fuzzers into corpus/, from recorded traffic and by hand.

Files that a fuzzer has found are named found-*; they are left alone.
"""
import base64
import json
import pathlib
import pickle
import struct

HERE = pathlib.Path(__file__).resolve().parent
CAPTURES = HERE.parent / 'data' / 'captures'


def frames_of(line):
    for text in line['frames']:
        yield base64.b64decode(text[4:]) if text.startswith('b64:') else text[5:].encode()


def messages():
    """One message of each kind and socket, as [frames]."""
    seen = set()
    for path in sorted(CAPTURES.glob('*/*.jsonl')):
        for text in path.read_text().splitlines():
            line = json.loads(text)
            kind = line.get('msg_type')
            if 'frames' in line and line.get('msg_type') and kind not in seen:
                seen.add(kind)
                yield line, list(frames_of(line))


def pieces(parts):
    out = b''
    for part in parts:
        part = part[:1500]
        size = len(part)
        out += bytes([size]) if size < 255 else bytes([255, size & 255, size >> 8])
        out += part
    return out


def parts_of(frames):
    at = frames.index(b'<IDS|MSG>')
    return frames[at + 2:at + 6], frames[at + 6:]


def write(target, name, data):
    folder = HERE / 'corpus' / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def write_all(target, seeds):
    for number, seed in enumerate(seeds):
        write(target, 'seed-%02d' % number, seed)


def from_captures():
    requests = {'queue_request': 0, 'result_request': 2, 'history_request': 3,
                'purge_request': 4, 'db_request': 5}
    for number, (line, frames) in enumerate(messages()):
        name = 'capture-%02d' % number
        if b'<IDS|MSG>' not in frames:
            continue
        write('codec', name, pieces(frames))
        (header, parent, metadata, content), buffers = parts_of(frames)
        kind = line['msg_type']
        if number % 3 == 0:
            write('header', name, header)
            write('id_table', name, pieces([json.loads(header)['msg_id'].encode(), b's_1', b's_2']))
        if kind in requests:
            write('hub_requests', name, bytes([requests[kind]]) + content)
        if kind == 'db_request':
            write('db_query', name, json.dumps(json.loads(content).get('query', {})))
        if kind in ('apply_request', 'execute_request'):
            write('engine_request', name, pieces([header, metadata, content] + buffers))
            write('conditions', name, metadata)
        if kind in ('apply_reply', 'execute_reply'):
            write('conditions', name, metadata)
        if kind in ('connection_reply', 'apply_reply', 'hub_error', 'error'):
            write('hub_answer', name, content)
        for place, buffer in enumerate(buffers):
            if buffer[:1] == b'\x80':
                write('pickle', '%s-%d' % (name, place), buffer[:2000])


def packed(parts):
    sizes = b''.join(struct.pack('<Q', len(p)) for p in parts)
    return struct.pack('<I', len(parts)) + sizes + b''.join(parts)


def by_hand():
    write_all('hub_requests', [b'\x00{"targets": [0, 9], "verbose": true}', b'\x01{"targets": "x"}',
                               b'\x02{"msg_ids": ["s_0", "s_1", "no"], "status_only": true}',
                               b'\x04{"msg_ids": "all", "engine_ids": [0]}', b'\x03{}',
                               b'\x05{"query": {"msg_id": {"$in": ["s_0"]}}, "keys": ["out"]}',
                               b'\x06{"msg_ids": [1, "\\u0000", null]}'])
    write_all('db_query', [
        '{}', '{"msg_id": "s_0"}', '{"msg_id": {"$in": ["s_0", "s_9"]}}',
        '{"completed": null, "queue": {"$ne": "mux"}}', '{"out": {"$glob": "te[xt]*"}}',
        '{"submitted": {"$gt": "2023-11-14T22:13:20", "$lte": "2024-01-01T00:00:00.5Z"}}',
        '{"header.session": {"$exists": true}}', '{"buffers": {"$mod": [3, 1]}}',
        '{"x": {"$mod": [-1, 0]}}', '{"x": {"$mod": [18446744073709551615, 0]}}',
        '{"content": {"$all": ["code"]}, "error": {"$nin": [1, null]}}'])
    write_all('conditions', [
        '{"after": ["s_0"], "follow": [], "targets": ["u0"], "retries": 3, "timeout": 0.5}',
        '{"after": {"dependencies": ["a", "b"], "all": false, "success": true, "failure": true}}',
        '{"status": "ok", "dependencies_met": false, "started": "2026-01-01T00:00:00Z"}',
        '{"retries": -1, "timeout": 1e300, "extensions": true}',
        '{"retries": 18446744073709551615}', '{"timeout": 1e999}'])
    write_all('targets', [pieces(p) for p in (
        [b'all'], [b'0-2,7', b'1'], [b'host:n0*'], [b'@gpu', b'', b'gpu\t5,7\nloop\t@loop\n'],
        [b'kernel:sh,lang:python'], [b'any:2'], [b'2:', b'-1'], [b'@loop', b'', b'loop\t@loop\n'],
        [b'99999999999'], [b'1-0'], [b'2147483647'])])


def files_by_hand():
    session = json.loads((CAPTURES / '7.1' / 'session.json').read_text())
    ours = dict(session['client_file'], task_scheme='leastload', broadcast=[1, 2],
                ipkit={'version': '0.1.0', 'host': 'n1', 'pid': 7, 'start_ticks': 9,
                       'local': 'ipkit-x', 'network': 'net:[1]', 'boot_id': 'b'})
    write_all('connection_file', [json.dumps(session['client_file']),
                                  json.dumps(session['engine_file']), json.dumps(ours),
                                  json.dumps(dict(ours, mux='x')), json.dumps(dict(ours, ipkit=3))])
    default = HERE.parent.parent / 'profiles' / 'default.yaml'
    write_all('profile', [default.read_text(), 'engines:\n  n: 4\n  env: {A: 1}\n',
                          'groups:\n  gpu: [0-3, "host:n09"]\n  all: {a: b}\n',
                          'engines: [1\nx: }\n',
                          '&a [*a]', 'a: &a [x]\nb: *a\n', '? [1]\n: 2\n', '- 1\n'])
    write_all('trait_file', ["c = get_config()\nc.IPController.ip = '*'  # x\n",
                             "c.A.b = [1,\n  'two', ]\nc.C.d = r'\\x'\n", 'if x:\n    c.A.b = 1\n',
                             "c.A.b = ('x'\n", 'c.A.b = """x'])
    write_all('launch', [
        'record: /tmp/r\nrole: engine\nprogram: /bin/ipengine\ndirectory: /\narguments: [a]\n'
        'count: 2\nenvironment: {A: b}\nlog: "/tmp/{pid}"\nprofile_dir: /p\ncluster_id: ""\n',
        '- {id: "1", role: engine, pid: 7, host: n1, log: /l}\n',
        'processes:\n- {id: "1", state: running, pid: 7, host: n1}\n', 'grows: no\n', '[[['])
    write_all('job_words', ['job:s_0', 'job:a,job:b,', 'job:x y\n\njob:z\n', 'job:',
                            'Seq\tHost\n', '1\tn1\t1.5\t0.1\t0\t3\t0\t0\techo x\t2\t1\t00ff',
                            '1\t:\t1416929.2\t0.0\t0\t2\t1\t9\tfalse',
                            '1\tn\t1e300\t-1e308\t0\t3\t0\t0\tx', '1\tn\tnan\tinf\t0\t3\t0\t0\tx'])
    npy = b'\x93NUMPY\x01\x00' + struct.pack('<H', 118) + (
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }".ljust(117) + b'\n')
    write_all('npy', [npy, npy.replace(b'(3, 4)', b'(3,)  '), npy.replace(b'False', b'True '),
                      npy.replace(b'<f8', b'|O1'), b'\x93NUMPY\x02\x00\xff\xff\xff\xff{',
                      b'[1, [2, "]"], {"a": [3]}, null]', b'[]', b'[1,]'])


def bytes_by_hand():
    values = [None, [1, 2.5, 'x', b'y', None, True], {'a': (1, {2, 3})}, 10**30, -2**31, 'é' * 300]
    write_all('pickle', [pickle.dumps(v, protocol) for v in values for protocol in (2, 4)] +
              [pickle.dumps(print), pickle.dumps([[[[1]]]], 0), b'\x80\x04.',
               b'\x80\x02]q\x00h\x00a.', b'\x80\x02K\x01' + b'r\x00\x00\xff\xff' * 50,
               b'\x80\x02X\xe8\x03\x00\x00' + b'x' * 1000 + b'\x94' * 1000 + b'.',
               b'\x80\x02(X\xe8\x03\x00\x00' + b'x' * 1000 + b'q\x00' + b'h\x00' * 1400 + b't.'])
    frame = [b'{"msg_type": "x_reply", "status": "ok"}', b'{}', b'{}', b'{}', b'buffer']
    write_all('kernel_frames', [packed(frame), packed(frame) * 3, packed(frame[:4])[:-1],
                                struct.pack('<I', 2**31), struct.pack('<IQ', 4, 2**63),
                                packed(frame[:4] + [b'z' * 3000])])
    write_all('engine_request', [pieces([
        b'{"msg_id": "s_0", "msg_type": "execute_request", "session": "s"}',
        b'{"kernel": "sh", "status": false, "output": "reply", "label": [1]}',
        b'{"code": "1", "stop_on_error": false}', b'buffer'])])
    write_all('hub_answer', ['{"engines": {"0": "u0"}, "status": "ok"}',
                             '{"engines": {"0": "u", "x": 1}, "ipkit": {"engines": {"0": '
                             '{"pid": 1}}, "gone": [{"id": 3, "when": "x"}]}}',
                             '{"status": "error", "ename": "E", "evalue": 1, "traceback": ["x"]}'])
    write_all('hostlist', ['n[01-04,7],login', 'node[01-04]:2 user@gpu, login', '0-3,7', '2G',
                           '1.5GiB', 'n[1-', 'n[[1]]', 'a:0', ',,', '9-1', '2147483647',
                           'n[1-9]' * 3, 'n' + '[1]' * 1000, 'a:100000 ' * 400])
    write_all('dag', ['\x00a b b c\nc c\n', '\x00a b b a\n', '\x01PARENT A B CHILD\n',
                      '\x01JOB A a.sub\nJOB B b.sub DIR x DONE\nPARENT A CHILD B\n'
                      'RETRY A 3\nVARS A x="1"\n# c\n', '\x02- {name: a, after: a}\n',
                      '\x02- name: a\n  code: x\n- name: b\n  after: ["a:any"]\n  follow: a\n'
                      '  timeout: 5s\n  retries: 2\n'])
    write_all('words', [pieces(p) for p in (
        [b'wc -l {}', b'a b.txt'], [b'echo {1} {2.} {-1/}', b'x', b'a', b'b/c.d'],
        [b"echo '{}'", b'x'], [b'k=[1, 2]'], [b'-0.5e+7'], [b'k=ref:x'],
        [b'{#} {//} {/.}', b'/a/b.c'])])
    write_all('id_table', [pieces([b'a_0', b'a_1', b'a_4294967295', b'a_18446744073709551616']),
                           pieces([b'', b'_', b'a_01', b'a_00', b'a_-1'])])
    write_all('header', ['{"msg_id": "s_0", "msg_type": "x", "session": "s", "date": null}',
                         '{"msg_id": "a\\"b", "msg_type": "\\ud800"}', '[1]', '{"a":',
                         '{"after": [], "targets": {"x": [1, "]"]}, "status": "ok"}'])
    write_all('codec', [pieces([b'<IDS|MSG>']),
                        pieces([b'id', b'<IDS|MSG>', b''] + [b'{}'] * 4 + [b'<IDS|MSG>'])])


from_captures()
by_hand()
files_by_hand()
bytes_by_hand()

# SPDX-License-Identifier: BSD-3-Clause
"""What the controller keeps of tasks, asked for as ipyparallel's clients do (db_request): one line
of JSON for each job word on the command line. Arguments: the client's connection file, words."""
import hashlib
import hmac
import json
import sys

import zmq

KEYS = ['label', 'result_content', 'result_metadata', 'result_buffers', 'stdout', 'started',
        'completed']

file = json.load(open(sys.argv[1]))
ids = [word[len('job:'):] for word in sys.argv[2:]]
socket = zmq.Context().socket(zmq.DEALER)
socket.linger = 0
socket.connect('%(interface)s:%(registration)d' % file)
header = {'msg_id': 'records', 'session': 'records', 'username': '', 'version': '5.3',
          'date': '2026-01-01T00:00:00Z', 'msg_type': 'db_request'}
frames = [json.dumps(part).encode() for part in (
    header, {}, {}, {'query': {'msg_id': {'$in': ids}}, 'keys': KEYS})]
signature = hmac.new(file['key'].encode(), b''.join(frames), hashlib.sha256).hexdigest()
socket.send_multipart([b'<IDS|MSG>', signature.encode()] + frames)
if not socket.poll(10000):
    sys.exit('no answer')
parts = socket.recv_multipart()
at = parts.index(b'<IDS|MSG>')
reply, buffers = json.loads(parts[at + 5]), parts[at + 6:]
records = {}
for record, count in zip(reply['records'], reply['result_buffer_lens']):
    records[record['msg_id']] = record
    record['values'] = [buffer.decode() for buffer in buffers[:count]]
    del buffers[:count]
for id in ids:
    record = records[id]
    content = record['result_content'] or {}
    pulled = content.get('pulled', {'names': [], 'types': []})
    kinds = [content['value']['type']] if 'value' in content else []
    print(json.dumps({
        'status': content.get('status'), 'ename': content.get('ename'), 'label': record['label'],
        'stdout': record['stdout'], 'values': record['values'], 'names': pulled['names'],
        'types': kinds + pulled['types'], 'started': record['started'],
        'completed': record['completed']}, sort_keys=True))

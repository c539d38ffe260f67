# SPDX-License-Identifier: BSD-3-Clause
# loop.py: the kernel's life: user's environment, then one request after the other.
import os
import signal
import stat
import sys

from _ipkit import channel as channels


class Request:
    """One request: its header as bytes and decoded, content and buffers."""

    def __init__(self, raw, header, content, buffers):
        self.raw = raw
        self.header = header
        self.kind = header['msg_type']
        self.id = header.get('msg_id')
        self.content = content
        self.buffers = buffers


# Request type -> module and function; modules load at their first request.
HANDLERS = {
    'execute_request': ('execute', 'execute'),
    'push_request': ('data', 'push'),
    'pull_request': ('data', 'pull'),
    'list_request': ('data', 'list_names'),
    'clear_request': ('data', 'clear'),
    'map_request': ('mapping', 'map_items'),
    'apply_request': ('apply', 'apply'),
    'kernel_info_request': ('tools', 'kernel_info'),
    'complete_request': ('tools', 'complete'),
    'inspect_request': ('tools', 'inspect'),
    'is_complete_request': ('tools', 'is_complete'),
    'history_request': ('tools', 'history'),
    'comm_info_request': ('tools', 'comm_info'),
}


class Kernel:
    """What the handlers share."""

    def __init__(self, channel, streams, module):
        self.channel = channel
        self.streams = streams
        self.namespace = module.__dict__
        self.initial = {}
        self.engine = {}
        self.execution_count = 0
        self.pid = os.getpid()
        self._handlers = {}
        self._reply_headers = {}  # (request type, status, unmet dependency) -> JSON
        self._pipes = [fd for fd in (1, 2) if _is_pipe(fd)]
        from _ipkit import children, errors, values
        self._errors, self._values = errors, values
        self.children = children.Children(channel, streams, self._pipes)
        streams.children = self.children

    def serve(self):
        while True:
            frames = self.channel.receive()
            try:
                header = self._object(frames[0])
                kind = header['msg_type']
                if not isinstance(kind, str):
                    raise ValueError('msg_type is not a string')
            except (ValueError, KeyError) as error:
                self._reply('error', b'{}', {'status': 'error', 'ename': 'ValueError',
                    'traceback': [],
                                             'evalue': 'bad header: %s' % error}, ())
                continue
            if kind in ('interrupt', 'input_reply'):
                continue  # for something that is over
            if kind == 'hello':
                self._hello(frames[3])
            else:
                self._answer(bytes(frames[0]), header, frames)

    def _object(self, frame):
        value = self._values.parse_json(str(frame, 'utf-8'))
        if not isinstance(value, dict):
            raise ValueError('not a JSON object')
        return value

    def _hello(self, frame):
        try:
            self.engine = self._object(frame)
        except ValueError as error:
            self._errors.warn('bad hello: %s' % error)

    def _answer(self, raw, header, frames):
        if not self.channel.claim():
            self._reply(header['msg_type'], raw, {'status': 'aborted'}, ())
            return
        buffers = ()
        metadata = frames[2]
        try:
            self.channel.begin(header.get('msg_id'), raw)
            handler = self._handler(header['msg_type'])
            try:
                content = self._object(frames[3])
            except ValueError as error:
                raise self._errors.Refused('ValueError', 'bad content: %s' % error) from None
            request = Request(raw, header, content, frames[4:])
            del frames[:]  # the handler decides how long buffers live
            self.streams.reset()
            content, buffers = handler(self, request)
            self.channel.end()
        except BaseException as error:
            self.channel.end()
            content = self._failure(error, header['msg_type'])
            if b'"output"' not in bytes(metadata):  # not from a tool of ours
                self._errors.as_in_notebooks(content)
            self._show_failure(content, header['msg_type'])
        if os.getpid() != self.pid:
            self._leave_fork()
        self.streams.flush()
        self.children.finish()
        self.channel.drain(self._pipes)
        self._reply(header['msg_type'], raw, content, buffers)

    def _failure(self, error, kind):
        content = self._errors.describe(error)
        content['status'] = 'error'
        method = kind[:-len('_request')] if kind.endswith('_request') else kind
        content['engine_info'] = {'engine_uuid': self.engine.get('engine_uuid', ''),
                                  'engine_id': self.engine.get('engine_id', -1), 'method': method}
        if kind == 'execute_request':
            content['execution_count'] = self.execution_count
            content.setdefault('user_expressions', {})
            content.setdefault('payload', [])
        return content

    def _show_failure(self, content, kind):
        if kind in ('execute_request', 'apply_request'):
            shown = {key: content[key] for key in ('ename', 'evalue', 'traceback')}
            self.streams.flush()
            self.publish('error', shown)

    def _handler(self, kind):
        handler = self._handlers.get(kind)
        if handler is None:
            if kind not in HANDLERS:
                raise self._errors.Refused('NotImplementedError',
                                           'this kernel does not serve %s' % kind)
            module, name = HANDLERS[kind]
            module = __import__('_ipkit.' + module, fromlist=[name])
            handler = self._handlers[kind] = getattr(module, name)
        return handler

    def _reply(self, kind, raw, content, buffers):
        status, unmet = content['status'], content.get('ename') == 'UnmetDependency'
        header = self._reply_headers.get((kind, status, unmet))
        if header is None:
            name = kind[:-len('_request')] if kind.endswith('_request') else kind
            header = {'msg_type': name + '_reply', 'status': status}
            if unmet:
                header['dependencies_met'] = False
            header = self._values.dump(header)
            if kind in HANDLERS:  # what clients make up is not kept
                self._reply_headers[kind, status, unmet] = header
        self.channel.send(header, self._values.dump(content), buffers, raw)

    def publish(self, kind, content, buffers=()):
        """Send a message that the engine puts on iopub."""
        self.channel.send(self._values.dump({'msg_type': kind}), self._values.dump(content),
            buffers)

    def _leave_fork(self):
        # os.fork() in the user's code: the child has come to the end of that code.
        try:
            self.streams.flush()
        finally:
            os._exit(0)


def _is_pipe(fd):
    try:
        return stat.S_ISFIFO(os.fstat(fd).st_mode)
    except OSError:
        return False


def _add_environment():
    """What -I and -S left out: PYTHONPATH, site-packages (of a venv too), the directory."""
    import site
    environ = os.environ
    if environ.get('PYTHONDONTWRITEBYTECODE'):
        sys.dont_write_bytecode = True
    if environ.get('PYTHONPYCACHEPREFIX'):
        sys.pycache_prefix = environ['PYTHONPYCACHEPREFIX']
    if environ.get('PYTHONWARNINGS'):
        import warnings
        sys.warnoptions.extend(environ['PYTHONWARNINGS'].split(','))
        warnings._processoptions(sys.warnoptions)
    path = environ.get('PYTHONPATH', '')
    sys.path[0:0] = [entry or os.getcwd() for entry in path.split(os.pathsep)] if path else []
    same_user = os.getuid() == os.geteuid() and os.getgid() == os.getegid()
    site.ENABLE_USER_SITE = same_user and not environ.get('PYTHONNOUSERSITE')
    site.main()
    sys.path.insert(0, '')


def _run_startup(namespace, errors):
    name = os.environ.get('PYTHONSTARTUP')
    if not name:
        return
    try:
        with open(name, 'rb') as file:
            exec(compile(file.read(), name, 'exec'), namespace)
    except BaseException as error:
        errors.warn('PYTHONSTARTUP: ' + '\n'.join(errors.describe(error)['traceback']))


def _user_module():
    """A module __main__ of the user's own; ours stays alive under another name."""
    sys.modules['_ipkit.kernel'] = sys.modules['__main__']
    module = type(sys)('__main__')
    module.__builtins__ = __builtins__ if not isinstance(__builtins__,
        dict) else sys.modules['builtins']
    sys.modules['__main__'] = module
    return module


def run(fd, claims):
    """Serve the engine behind descriptor fd until it goes."""
    channel = channels.Channel(fd, claims)
    signal.signal(signal.SIGINT, channel.on_signal)
    os.set_blocking(fd, True)
    sys.argv = ['']
    module = _user_module()
    from _ipkit import streams
    kernel = Kernel(channel, streams.Streams(channel), module)
    from _ipkit import errors
    try:
        _add_environment()
    except Exception as error:
        errors.warn('site: %s: %s' % (type(error).__name__, error))
    from _ipkit import hooks
    hooks.install(kernel)
    _run_startup(kernel.namespace, errors)
    kernel.initial = dict(kernel.namespace)
    kernel.streams.flush()
    try:
        kernel.serve()
    except channels.ProtocolError as error:
        os.write(2, ('ipkit-kernel-python: %s\n' % error).encode())
        os._exit(70)

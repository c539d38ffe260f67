# SPDX-License-Identifier: BSD-3-Clause
# hooks.py: what is done when the user's code imports certain modules, and not before.
import builtins
import os
import sys
from _thread import get_ident

ipython_mode = os.environ.get('IPKIT_IPYTHON', 'auto')
kernel = None


class _Finder:
    """First on sys.meta_path: runs a function of ours right after a module has been loaded."""

    def __init__(self, actions):
        self.actions = actions  # module name -> function of the module

    def find_spec(self, name, path=None, target=None):
        action = self.actions.pop(name, None)
        if action is None:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, 'find_spec', None)
            spec = find(name, path, target) if find and finder is not self else None
            if spec is not None:
                if hasattr(spec.loader, 'exec_module'):
                    spec.loader = _Loader(spec.loader, action)
                return spec
        return None


class _Loader:
    """A loader that acts as another one and has the last word."""

    def __init__(self, loader, action):
        self._loader = loader
        self._action = action

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._action(module)


class _StandIn:
    """Last on sys.meta_path: serves ipyparallel's names where the package itself is missing."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != 'ipyparallel':
            return None  # its parts are found through its __path__
        from importlib.util import spec_from_file_location
        place = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'standin', name)
        return spec_from_file_location(name, os.path.join(place, '__init__.py'),
                                       submodule_search_locations=[place])


class _Own:
    """The module `ipkit`, whatever directory of that name there may be."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != 'ipkit':
            return None
        from importlib.util import spec_from_file_location
        place = os.path.dirname(os.path.abspath(__file__))
        return spec_from_file_location(name, os.path.join(place, 'messages.py'))


def install(the_kernel):
    global kernel
    kernel = the_kernel
    channel = kernel.channel
    _guard_signals(channel)
    children = kernel.children
    for name in ('system', 'posix_spawn', 'posix_spawnp'):
        setattr(os, name, children.start(getattr(os, name)))
    actions = {'_posixsubprocess': lambda module: _follow_processes(module, children),
               'getpass': lambda module: _ask_elsewhere(module, the_kernel.streams),
               'threading': lambda module: _follow_threads(module, channel),
               'concurrent.futures.thread': lambda module: _follow_pools(module, channel)}
    for name in ('util', 'engine.datapub', 'serialize.canning'):
        actions['ipyparallel.' + name] = _prepare_package
    if ipython_mode != '0':
        actions['IPython.core.interactiveshell'] = _prepare_shell
    for name in list(actions):
        if name in sys.modules:
            actions.pop(name)(sys.modules[name])
    finder = _Finder(actions)
    sys.meta_path.insert(0, finder)
    if ipython_mode != '0' and _has_ipython():
        _add_builtins()
    sys.meta_path.insert(0, _Own)
    sys.meta_path.append(_StandIn)


def _ask_elsewhere(module, streams):
    module.getpass = streams.getpass


def _prepare_package(module):
    from _ipkit import apply
    getattr(apply, 'prepare_' + module.__name__.rpartition('.')[2])(module)


def _prepare_shell(module):
    from _ipkit import shell
    shell.prepare(module, kernel)


def _has_ipython():
    try:
        for finder in sys.meta_path:
            find = getattr(finder, 'find_spec', None)
            if find and find('IPython', None, None) is not None:
                return True
    except ImportError:
        pass
    return False


def _add_builtins():
    """What notebooks and ipyparallel's engines have at hand; IPython loads when it is called."""
    def get_ipython():
        """The IPython shell of this engine."""
        from IPython.core.interactiveshell import InteractiveShell
        return InteractiveShell.instance()

    def display(*objects, **options):
        """Show values in the client: IPython.display.display."""
        from IPython.display import display as function
        return function(*objects, **options)

    builtins.get_ipython = get_ipython
    builtins.display = display


def _guard_signals(channel):
    """Handlers that the user sets do not break into our own code."""
    import signal
    set_handler, get_handler = signal.signal, signal.getsignal

    def original(handler):
        return getattr(handler, '_ipkit_handler', handler)

    def signal_(signalnum, handler):
        if not callable(handler) or isinstance(handler, signal.Handlers) \
                or handler == channel.on_signal:
            return original(set_handler(signalnum, handler))

        def guarded(number, frame):
            return channel.run_handler(handler, number, frame)
        guarded._ipkit_handler = handler
        return original(set_handler(signalnum, guarded))

    def getsignal(signalnum):
        return original(get_handler(signalnum))

    signal_.__name__ = signal_.__qualname__ = 'signal'
    signal.signal, signal.getsignal = signal_, getsignal


def _follow_processes(module, children):
    module.fork_exec = children.start(module.fork_exec)
    library = sys.modules.get('subprocess')
    if hasattr(library, '_fork_exec'):  # it was there before us
        library._fork_exec = module.fork_exec


# -- output of threads belongs to the request that started them

def _follow_threads(threading, channel):
    thread = threading.Thread
    start, bootstrap = thread.start, thread._bootstrap
    parents = channel.parents

    def start_(self):
        self._ipkit_parent = channel.current_parent()
        return start(self)

    def bootstrap_(self):
        ident = get_ident()
        parent = self.__dict__.get('_ipkit_parent', b'{}')
        if parent != b'{}':
            parents[ident] = parent
        try:
            bootstrap(self)
        finally:
            parents.pop(ident, None)

    start_.__name__ = start_.__qualname__ = 'start'
    thread.start, thread._bootstrap = start_, bootstrap_


def _follow_pools(module, channel):
    """A pool's thread may be older than the request whose work it does."""
    item = module._WorkItem
    init, run = item.__init__, item.run
    parents = channel.parents

    def init_(self, *args, **kwargs):
        init(self, *args, **kwargs)
        self._ipkit_parent = channel.current_parent()

    def run_(self, *args, **kwargs):
        ident = get_ident()
        before = parents.get(ident)
        parents[ident] = self._ipkit_parent
        try:
            return run(self, *args, **kwargs)
        finally:
            if before is None:
                parents.pop(ident, None)
            else:
                parents[ident] = before

    item.__init__, item.run = init_, run_

# SPDX-License-Identifier: BSD-3-Clause
# frontend.py: what IPython's shell needs of an engine: where results, displays and pages go.
import builtins
import json
import sys
from base64 import b64encode

from IPython.core import page
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.payloadpage import page as payload_page
from traitlets import Type
from traitlets.config import Config

_kernel = None


def _send(kind, content):
    _kernel.streams.flush()
    _kernel.publish(kind, content)


def _as_json(bundle):
    """A bundle of media types: bytes as base64, what JSON lacks as text."""
    result = {}
    for kind, value in bundle.items():
        if isinstance(value, bytes):
            value = b64encode(value).decode('ascii')
        elif not isinstance(value, str):
            value = json.loads(json.dumps(value, default=repr))
        result[kind] = value
    return result


class Publisher(DisplayPublisher):
    def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **more):
        _send('update_display_data' if update else 'display_data',
              {'data': _as_json(data), 'metadata': _as_json(metadata or {}),
               'transient': _as_json(transient or {})})

    def clear_output(self, wait=False):
        _send('clear_output', {'wait': bool(wait)})


class ResultHook(DisplayHook):
    def start_displayhook(self):
        self._content = {'data': {}, 'metadata': {}, 'execution_count': self.prompt_count}

    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        self._content['data'] = _as_json(format_dict)
        self._content['metadata'] = _as_json(md_dict or {})

    def finish_displayhook(self):
        if self._content['data']:
            _send('execute_result', self._content)


class EngineShell(InteractiveShell):
    """IPython's shell with an engine for a terminal."""

    displayhook_class = Type(ResultHook)
    display_pub_class = Type(Publisher)

    def init_hooks(self):
        super().init_hooks()
        self.set_hook('show_in_pager', page.as_hook(payload_page), 99)

    def enable_gui(self, gui=None):
        """No event loop of a user interface runs here."""

    def ask_exit(self):
        raise SystemExit

    def system(self, command):
        """A shell command whose output streams like any child's."""
        import subprocess
        command = self.var_expand(command, depth=1)
        _kernel.streams.flush()
        status = subprocess.call(command, shell=True, executable='/bin/sh')
        self.user_ns['_exit_code'] = status

    system_piped = system_raw = system

    def publish_data(self, data):
        """Values for the client while the code still runs."""
        from _ipkit import apply
        apply.publish_data(_kernel, data)

    @property
    def kernel(self):
        from _ipkit import facade
        return facade.get(_kernel, self)


def _profile(directory):
    if not directory:
        return {}
    from IPython.core.profiledir import ProfileDir
    return {'profile_dir': ProfileDir(location=directory)}


def create(kernel, module):
    """The one shell of this process, known to IPython as its instance."""
    global _kernel
    _kernel = kernel
    shell = EngineShell(
        config=Config({'HistoryManager': {'enabled': False},
                       'InteractiveShell': {'colors': 'NoColor'}}),
        user_module=module, user_ns=kernel.namespace, **_profile(kernel.engine.get('profile_dir')))
    shell.data_pub = shell
    for cls in EngineShell._walk_mro():
        cls._instance = shell
    builtins.get_ipython = shell.get_ipython
    sys.excepthook = sys.__excepthook__
    return shell

# SPDX-License-Identifier: BSD-3-Clause
# facade.py: get_ipython().kernel, as far as code for ipyparallel's engines uses it.

_facade = None


class KernelFacade:
    """Names of ipykernel's kernel object with a meaning here."""

    def __init__(self, kernel, shell):
        import logging
        self._kernel = kernel
        self._loop = None
        self.shell = shell
        self.log = logging.getLogger('ipkit')

    @property
    def engine_id(self):
        return self._kernel.engine.get('engine_id', -1)

    int_id = engine_id

    @property
    def ident(self):
        return self._kernel.engine.get('engine_uuid', '')

    @property
    def io_loop(self):
        """A tornado loop that turns in a thread of its own, beside the requests."""
        if self._loop is None:
            import asyncio
            import threading
            from tornado.ioloop import IOLoop
            made = threading.Event()

            def turn():
                asyncio.set_event_loop(asyncio.new_event_loop())
                self._loop = IOLoop.current()
                made.set()
                self._loop.start()

            threading.Thread(target=turn, name='io_loop', daemon=True).start()
            made.wait()
        return self._loop


def get(kernel, shell):
    global _facade
    if _facade is None:
        _facade = KernelFacade(kernel, shell)
    return _facade

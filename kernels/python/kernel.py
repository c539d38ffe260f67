# SPDX-License-Identifier: BSD-3-Clause
# kernel.py: start of the python kernel: report ready first, load everything else afterwards.
#
# Started as `PYTHON -I -S kernel.py`, so that nothing of the user's (site-packages, PYTHONPATH)
# delays the ready message or shadows a module of ours; loop.py adds all of it afterwards.
import os
import sys
import _signal


def _take_descriptor():
    text = os.environ.pop('IPKIT_KERNEL_FD', '')
    if not text.isdigit() or int(text) < 3:
        sys.exit('ipkit-kernel-python: started by an engine only (IPKIT_KERNEL_FD is not set)')
    fd = int(text)
    try:
        os.set_inheritable(fd, False)
    except OSError as error:
        sys.exit('ipkit-kernel-python: IPKIT_KERNEL_FD=%d: %s' % (fd, error.strerror))
    return fd


def _map_claims():
    """The page in which engine and kernel agree on what has begun, as two numbers; or None."""
    offset, _, path = os.environ.pop('IPKIT_KERNEL_LEDGER', '').partition(':')
    try:
        import mmap
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            page = mmap.mmap(fd, 4096, offset=int(offset))
        finally:
            os.close(fd)
    except (ImportError, OSError, ValueError):
        return None  # no engine of ours, or not on its machine
    return memoryview(page).cast('Q')


def _send_ready(fd, claims):
    content = (b'{"language": "python", "version": "%d.%d.%d", "pid": %d, "prefetch": 32, '
               b'"claims": %s}' % (sys.version_info[:3] +
                                   (os.getpid(), b'true' if claims else b'false')))
    frames = (b'{"msg_type": "ready"}', b'{}', b'{}', content)
    data = len(frames).to_bytes(4, 'little')
    data += b''.join(len(frame).to_bytes(8, 'little') for frame in frames) + b''.join(frames)
    try:
        os.write(fd, data)
    except OSError:
        os._exit(0)  # the engine is gone already


def main():
    # Until the loop has its handler a signal must not stop an import half-way.
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    fd = _take_descriptor()
    claims = _map_claims()
    _send_ready(fd, claims)
    # Our modules live in a package of their own, so that a user's `values.py` stays importable.
    package = type(sys)('_ipkit')
    package.__path__ = [os.path.dirname(os.path.abspath(__file__))]
    sys.modules['_ipkit'] = package
    from _ipkit import loop
    loop.run(fd, claims)


main()

# SPDX-License-Identifier: BSD-3-Clause
"""ipreport_browser.py PAGE PREFIX [HEIGHT SCALE]: opens PAGE in a headless Chromium, light and
dark, uses its keys, and prints a line for each thing it saw: what was requested, what the console
said, what the script answered. PREFIX-light.png and PREFIX-dark.png are what it looked like, the
first HEIGHT pixels of it (6000) in that size (1)."""
import base64
import json
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import time

FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
         '--disable-background-networking', '--disable-component-update', '--disable-sync',
         '--hide-scrollbars', '--window-size=1320,900', '--remote-debugging-pipe']
LIMIT = 60  # seconds for any one answer


class Browser:
    """Chromium, spoken to over its debugging pipe: JSON texts, each ended by a zero byte."""

    def __init__(self, directory):
        to_read, self.to = os.pipe()
        self.back, from_write = os.pipe()

        def pipes():  # it wants to read from 3 and to write to 4
            a, b = os.dup(to_read), os.dup(from_write)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            ['chromium', *FLAGS, '--user-data-dir=' + directory, 'about:blank'],
            preexec_fn=pipes, close_fds=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(from_write)
        self.held, self.events, self.count, self.session = b'', [], 0, None

    def read(self, deadline):
        while b'\0' not in self.held:
            if not select.select([self.back], [], [], max(0, deadline - time.monotonic()))[0]:
                sys.exit('no answer from chromium')
            piece = os.read(self.back, 1 << 20)
            if not piece:
                sys.exit('chromium has ended')
            self.held += piece
        text, self.held = self.held.split(b'\0', 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self.count += 1
        message = {'id': self.count, 'method': method, 'params': parameters}
        if self.session:
            message['sessionId'] = self.session
        os.write(self.to, json.dumps(message).encode() + b'\0')
        deadline = time.monotonic() + LIMIT
        while True:
            answer = self.read(deadline)
            if answer.get('id') != self.count:
                self.events.append(answer)
            elif 'error' in answer:
                sys.exit(f'{method}: {answer["error"]}')
            else:
                return answer['result']

    def wait_for(self, method):
        deadline = time.monotonic() + LIMIT
        while not any(event.get('method') == method for event in self.events):
            self.events.append(self.read(deadline))

    def value(self, expression):
        answer = self.call('Runtime.evaluate', expression=expression, returnByValue=True)
        if 'exceptionDetails' in answer:
            sys.exit(f'{expression}: {answer["exceptionDetails"]}')
        return answer['result'].get('value')

    def key(self, name, code, text=''):
        for kind in 'keyDown', 'keyUp':
            self.call('Input.dispatchKeyEvent', type=kind, key=name, code=name, text=text,
                      windowsVirtualKeyCode=code)

    def picture(self, path, most, scale):
        height = self.value('Math.ceil(document.documentElement.scrollHeight)')
        clip = {'x': 0, 'y': 0, 'width': 1320, 'height': min(height, most), 'scale': scale}
        answer = self.call('Page.captureScreenshot', captureBeyondViewport=True, clip=clip)
        pathlib.Path(path).write_bytes(base64.b64decode(answer['data']))


def look(browser, page, prefix, most=6000, scale=1):
    target = browser.call('Target.createTarget', url='about:blank')['targetId']
    browser.session = browser.call('Target.attachToTarget', targetId=target,
                                   flatten=True)['sessionId']
    for domain in 'Page', 'Runtime', 'Log', 'Network':
        browser.call(domain + '.enable')
    browser.call('Page.navigate', url=pathlib.Path(page).absolute().as_uri())
    browser.wait_for('Page.loadEventFired')
    colours = set()
    for scheme in 'light', 'dark':
        browser.call('Emulation.setEmulatedMedia',
                     features=[{'name': 'prefers-color-scheme', 'value': scheme}])
        colours.add(browser.value('getComputedStyle(document.body).backgroundColor'))
        browser.picture(f'{prefix}-{scheme}.png', int(most), float(scale))
    print('backgrounds:', len(colours))
    print('wider than the window:', browser.value(
        'document.documentElement.scrollWidth > document.documentElement.clientWidth'))
    browser.value("document.querySelector('#timeline .wide')?.focus()")
    for name, code in ('Home', 36), ('ArrowRight', 39), ('ArrowDown', 40), ('End', 35):
        browser.key(name, code)
        print(name + ':', browser.value("document.querySelector('#timeline output')?.textContent"))
    browser.value("document.querySelector('#slowest th.n:nth-of-type(3) button')?.focus()")
    browser.key('Enter', 13, '\r')
    print('sorted:', browser.value(
        "document.querySelector('#slowest th[aria-sort]')?.getAttribute('aria-sort')"))
    for event in browser.events:
        what = event.get('params', {})
        if event['method'] == 'Network.requestWillBeSent':
            url = what['request']['url']
            print('requested:', pathlib.Path(url).name if url.startswith('file:') else url[:60])
        elif event['method'] in ('Runtime.exceptionThrown', 'Log.entryAdded',
                                 'Runtime.consoleAPICalled'):
            print('console:', json.dumps(what))


with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
    chromium = Browser(home)
    try:
        look(chromium, *sys.argv[1:])
    finally:
        chromium.process.terminate()
        try:
            chromium.process.wait(20)
        except subprocess.TimeoutExpired:
            chromium.process.kill()
            chromium.process.wait(20)

# SPDX-License-Identifier: BSD-3-Clause
# qtconsole_session.py FILE: qtconsole's widget at an ipkernel; prints what stands in it.
import re
import sys

from qtpy import QtCore, QtWidgets
from qtconsole.client import QtKernelClient
from qtconsole.rich_jupyter_widget import RichJupyterWidget

LIMIT = 60000  # ms
CODE = ['print("printed")', '6 * 7']

app = QtWidgets.QApplication([])
client = QtKernelClient(connection_file=sys.argv[1])
client.load_connection_file()
client.start_channels()
widget = RichJupyterWidget()
widget.kernel_client = client


def step():
    text = widget._control.toPlainText()
    done = sum(bool(re.search(one, text)) for one in (r'\nprinted\n', r'Out\[\d+\]: 42\n'))
    if done == len(CODE):
        app.quit()
    elif len(re.findall(r'^In \[\d+\]', text, re.MULTILINE)) > done and done not in step.sent:
        step.sent.add(done)
        widget.execute(CODE[done])


step.sent = set()
timer = QtCore.QTimer()
timer.timeout.connect(step)
timer.start(50)
QtCore.QTimer.singleShot(LIMIT, app.quit)
app.exec_()
print(widget._control.toPlainText())
client.stop_channels()

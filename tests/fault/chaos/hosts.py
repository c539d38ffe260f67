# SPDX-License-Identifier: BSD-3-Clause
"""A host for a round whose engines are started by ssh: a real sshd on 127.0.0.2."""
import getpass
import os
import random
import socket
import time

SSHD = '/usr/sbin/sshd'
SETTINGS = '''launcher: ssh
ssh:
  hosts: node2:8
  config: {ssh}/config
controller:
  ip: 127.0.0.1
'''
CONFIG = '''Host node2
  HostName 127.0.0.2
  Port {port}
  User {user}
  IdentityFile {ssh}/key
  IdentitiesOnly yes
  UserKnownHostsFile {ssh}/known_hosts
  GlobalKnownHostsFile /dev/null
'''
SSHD_CONFIG = '''Port {port}
ListenAddress 127.0.0.2
HostKey {ssh}/host
PidFile none
AuthorizedKeysFile {ssh}/key.pub
AuthenticationMethods publickey
PermitRootLogin prohibit-password
UsePAM no
StrictModes no
UseDNS no
PrintMotd no
MaxStartups 200:30:400
SetEnv {variables}
'''
# What the engines of a round have there as they would have it here.
CARRIED = ('HOME', 'IPYTHONDIR', 'TMPDIR', 'XDG_RUNTIME_DIR', 'PATH', 'LC_ALL', 'IPKIT_PYTHON',
           'IPKIT_STDIN')


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.2', port)) == 0


def free_port():
    for port in random.sample(range(30000, 32000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(('127.0.0.2', port))
                return port
            except OSError:
                continue
    raise RuntimeError('no port for an sshd')


def start(world):
    """Its process; the profile of the world says that engines run there."""
    ssh = f'{world.path}/ssh'
    os.makedirs(ssh, mode=0o700)
    if os.geteuid() == 0:
        os.makedirs('/run/sshd', exist_ok=True)
    for name in 'key', 'host':
        world.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', name, '-f',
                   f'{ssh}/{name}'], 20)
    values = {'ssh': ssh, 'port': free_port(), 'user': getpass.getuser(),
              'variables': ' '.join(f'{name}={world.environment[name]}' for name in CARRIED)}
    with open(f'{ssh}/host.pub', encoding='ascii') as file:
        host = ' '.join(file.read().split()[:2])
    os.makedirs(world.profile, mode=0o700, exist_ok=True)
    for name, text in {
            f'{ssh}/known_hosts': f'[127.0.0.2]:{values["port"]} {host}\n',
            f'{ssh}/config': CONFIG.format(**values),
            f'{ssh}/sshd_config': SSHD_CONFIG.format(**values),
            f'{world.profile}/ipkit.yaml': SETTINGS.format(**values)}.items():
        with open(name, 'w', encoding='utf-8') as file:
            file.write(text)
    process = world.popen([SSHD, '-D', '-e', '-f', f'{ssh}/sshd_config'], 'sshd')
    limit = world.patience.now() + 20
    while not listens(values['port']):
        if process.poll() is not None or world.patience.now() > limit:
            raise RuntimeError(f'sshd did not start: {world.path}/sshd.log')
        time.sleep(0.02)
    return process

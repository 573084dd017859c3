# Takes datagrams until one of the type "end" comes, reads them as metlog-py's routers did, passes them
# through its filters and its sender to the standard library, and prints what became of each as JSON.
import json
import logging
import socket
import sys
sys.path.insert(0, sys.argv[1])
from metlog.filters import severity_max_provider, type_blacklist_provider
from metlog.senders.logging import StdLibLoggingSender

records = []


class Keeper(logging.Handler):
    def emit(self, record):
        records.append([record.levelname, record.getMessage()])


logging.getLogger('kept').addHandler(Keeper())
logging.getLogger('kept').setLevel(logging.DEBUG)
bridge = StdLibLoggingSender('kept', payload_types=['oldstyle'], json_types=['*'])
filters = [severity_max_provider(severity=6), type_blacklist_provider(types=set(['unwanted']))]
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(('127.0.0.1', 0))
print receiver.getsockname()[1]
sys.stdout.flush()
messages = []
while True:
    message = json.loads(receiver.recv(65535))
    if message['type'] == 'end':
        break
    passes = all(each(message) for each in filters)
    messages.append([message, passes])
    if passes:
        bridge.send_message(message)
print json.dumps({'messages': messages, 'records': records})

# Sends with metlog-py 0.10, as an application of 2013 would: python2.7 send.py <lib> <sender> <addresses...>
import sys
import threading
import time
sys.path.insert(0, sys.argv[1])
from metlog.client import MetlogClient
from metlog.config import client_from_text_config

kind, addresses = sys.argv[2], sys.argv[3:]
if kind != 'udp':
    import zmq
    # The name that it had in ZeroMQ 2.
    zmq.HWM = zmq.SNDHWM
if kind == 'udp':
    from metlog.senders.udp import UdpSender
    host, port = addresses[0].split(':')
    sender = UdpSender(host, int(port))
elif kind == 'zmq':
    from metlog.senders.zmq import ZmqPubSender
    sender = ZmqPubSender('tcp://' + addresses[0])
else:
    from metlog.senders.zmq import ZmqHandshakePubSender
    sender = ZmqHandshakePubSender('tcp://' + addresses[0], 'tcp://' + addresses[1], 5000)

logger = 'original-' + kind
client = MetlogClient(sender, logger)
if kind != 'udp':
    # A publisher of ZeroMQ drops what comes before it is connected, and says nothing.
    client.metlog('warm-up', payload='connects')
    time.sleep(2)
client.metlog('services', payload=u'f\xf6\xf6', fields={'userid': 25, 'req_time': 4.5, 'ok': True})
client.incr('hits', 3)
client.incr('hits', 2, fields={'country': 'de'})
client.timer_send('db', 17)
with client.timer('block'):
    time.sleep(0.01)
client.error('bad %s', 'thing')
client.critical('worse')
try:
    {}['no such key']
except KeyError:
    client.exception('caught')
if kind == 'udp':
    configured = client_from_text_config('''
[metlog]
logger = original-ini
sender_class = metlog.senders.udp.UdpSender
sender_host = %s
sender_port = %s
[metlog_filter_quiet]
provider = metlog.filters.severity_max_provider
severity = 4
''' % (host, port), 'metlog')
    configured.info('filtered')
    configured.warn('passed')
time.sleep(1)

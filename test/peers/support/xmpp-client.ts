/** A client of XMPP: slixmpp, which comes with the set of Prosody. */
import type { Finished } from './command.ts';
import { hostOf, type Reach, reachable, trustFile } from './reach.ts';
import { runIn } from './sandbox.ts';

/** It verifies the name that it connects to, which is the domain of its own address where that is a mere number. */
const script = `
import asyncio, json, logging, sys
from pathlib import Path
import slixmpp
what = json.loads(sys.argv[1])
logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
secure = what['tls'] != 'none'
xmpp = slixmpp.ClientXMPP(what['user'], what['password'], plugin_config={
    'feature_mechanisms': {'unencrypted_plain': not secure, 'unencrypted_scram': not secure}})
if what['mechanism']:
    xmpp['feature_mechanisms'].use_mech = what['mechanism']
# It looks the name up again, and forgets the port meanwhile.
xmpp.default_port = what['port']
if secure:
    xmpp.ca_certs = Path('${trustFile}')
outcome = asyncio.get_event_loop().create_future()
def ended(*words):
    if not outcome.done():
        outcome.set_result(words)
async def session(_):
    try:
        await xmpp.get_roster(timeout=10)
        print('roster', len(xmpp.client_roster))
        xmpp.send_presence()
        xmpp.send_message(mto=xmpp.boundjid, mbody=what['text'])
    except Exception as error:
        ended('no roster', repr(error))
xmpp.add_event_handler('session_start', session)
xmpp.add_event_handler('message', lambda message: ended(None, message['body']))
for event in ['failed_all_auth', 'connection_failed', 'ssl_invalid_chain', 'disconnected']:
    xmpp.add_event_handler(event, lambda why, event=event: ended(event, repr(why)))
xmpp.add_event_handler('stream_negotiated', lambda _: None if xmpp.bound else ended('no login offered', ''))
async def main():
    xmpp.connect((what['host'], what['port']), use_ssl=what['tls'] == 'implicit', disable_starttls=not secure)
    try:
        failure, said = await asyncio.wait_for(outcome, 20)
    except asyncio.TimeoutError:
        failure, said = 'timeout', ''
    if failure:
        sys.stderr.write(f'{failure} {said}\\n')
        sys.exit(1)
    print('message', said)
    await xmpp.disconnect()
asyncio.get_event_loop().run_until_complete(main())
`;

/**
 * Logs in, reads the roster and sends itself a message: its standard output has the lines `roster N` and `message TEXT`.
 *
 * @param reach the user is the whole address, `user@domain`.
 * @param mechanism of SASL, in place of the best one.
 */
export function slixmpp(
  root: string,
  reach: Reach,
  text: string,
  mechanism: 'PLAIN' | 'SCRAM-SHA-1' | null = null,
): Promise<Finished> {
  const { port, tls, login } = reach;
  const what = { host: hostOf(reach), port, tls, ...login, text, mechanism };
  return runIn(root, 'python3', ['-c', script, JSON.stringify(what)], reachable(reach));
}

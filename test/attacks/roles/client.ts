/** The role of the client: the library's one call, and a sloppy client as its twin. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTls } from '../../../src/starttls.ts';
import type { Dialect } from '../dialect.ts';
import { logIn, type Target, upgrade } from '../twins/sloppy-client.ts';
import type { Reached, VictimRole } from '../victim.ts';

export const clientRole: VictimRole = {
  ours,
  twin: (weaknesses) => async (dialect, target) => {
    const upgraded = await upgrade(dialect, target, weaknesses);
    const heard = await logIn(dialect, target, upgraded);
    upgraded.socket?.destroy();
    const { socket, believed, told } = upgraded;
    return { wentOn: socket !== undefined, believed: believed + heard, told };
  },
  speaks: () => true,
};

async function ours({ protocol, loginInside }: Dialect, target: Target): Promise<Reached> {
  const { port, serverName, ca, patienceMs } = target;
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const outcome = await startTls(socket, {
    protocol,
    serverName,
    ca,
    timeoutMs: patienceMs,
    helloName: 'client.test',
  });
  if (outcome.kind !== 'secured') return { wentOn: false, believed: '', told: outcome.because };
  const { socket: secure, inside } = outcome;
  let heard = '';
  secure.on('data', (bytes: Buffer) => {
    heard += bytes.toString('latin1');
  });
  secure.resume();
  secure.write(loginInside, 'latin1');
  const until = performance.now() + patienceMs;
  while (heard === '' && performance.now() < until && !secure.destroyed) await sleep(5);
  secure.destroy();
  return { wentOn: true, believed: `${inside.join('\r\n')}\r\n${heard}`, told: '' };
}

/** The role of the gateway in reverse: a plain client of this host logs in through it at once. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GatewayProtocol, gatewayProtocols } from '../../../src/gateway/settings.ts';
import { startTestGateway } from '../../support/gateway.ts';
import type { Dialect, Protocol } from '../dialect.ts';
import { startSloppyGateway } from '../twins/sloppy-gateway.ts';
import type { VictimRole } from '../victim.ts';

/** Nothing more is expected so long after the last words, ms. */
const QUIET_MS = 100;

export const reverseRole: VictimRole = {
  async ours(dialect, { port, serverName, ca, patienceMs }) {
    const { protocol } = dialect;
    if (!isGatewayProtocol(protocol)) throw new Error(`there is no gateway for ${protocol}`);
    const gateway = await startTestGateway(
      // It is closed below.
      { after: () => undefined },
      {
        protocol,
        backend: port,
        reverse: { serverName, ca },
        patience: { connect: patienceMs, clear: patienceMs },
      },
    );
    try {
      const heard = await plainClient(dialect, gateway.port);
      const { endedBy } = await gateway.ended();
      return endedBy === 'unreachable'
        ? { wentOn: false, believed: '', told: heard }
        : { wentOn: false, believed: heard, told: '' };
    } finally {
      await gateway.close();
    }
  },
  twin: (weaknesses) => async (dialect, target) => {
    const gateway = await startSloppyGateway(dialect, target, weaknesses);
    try {
      // Whether it went on shows at the server.
      return {
        wentOn: false,
        believed: await plainClient(dialect, gateway.port),
        told: '',
      };
    } finally {
      gateway.close();
    }
  },
  speaks: isGatewayProtocol,
};

function isGatewayProtocol(protocol: Protocol): protocol is Exclude<Protocol, 'ftp'> & GatewayProtocol {
  return gatewayProtocols.some((one) => one === protocol);
}

/** Says its login without waiting for anything, and takes whatever comes. */
async function plainClient({ loginOfPlainClient }: Dialect, port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let believed = '';
  let heardAt = performance.now();
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  socket.on('data', (bytes: Buffer) => {
    believed += bytes.toString('latin1');
    heardAt = performance.now();
  });
  socket.write(loginOfPlainClient, 'latin1');
  while (!socket.destroyed && !socket.readableEnded) {
    if (believed !== '' && performance.now() - heardAt > QUIET_MS) break;
    await sleep(5);
  }
  socket.destroy();
  return believed;
}

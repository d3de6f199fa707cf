/** The role of the gateway in front of a server without TLS: the whole machine. */
import { type GatewayProtocol, gatewayProtocols } from '../../../src/gateway/settings.ts';
import { startTestGateway } from '../../support/gateway.ts';
import type { DefenderRole } from '../defender.ts';
import type { Protocol } from '../dialect.ts';

export const frontRole: DefenderRole = {
  async ours({ dialect, certificate, backend, patienceMs, maxConnections }) {
    const { protocol } = dialect;
    if (!isGatewayProtocol(protocol)) throw new Error(`there is no gateway for ${protocol}`);
    const gateway = await startTestGateway(
      // It is closed by whoever asked for it.
      { after: () => undefined },
      {
        protocol,
        backend,
        keyPairs: [certificate],
        requireTls: true,
        patience: { clear: patienceMs, handshake: patienceMs },
        limits: { connectionsPerAddress: maxConnections },
      },
    );
    const { port, tlsPort } = gateway;
    return { port, tlsPort, taken: [], close: () => gateway.close() };
  },
  speaks: isGatewayProtocol,
  hasBackend: () => true,
};

function isGatewayProtocol(protocol: Protocol): protocol is Exclude<Protocol, 'ftp'> & GatewayProtocol {
  return gatewayProtocols.some((one) => one === protocol);
}

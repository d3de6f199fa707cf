/** The role of the relay where mail comes in: the whole relay, with a listener of each kind. */
import { startTestRelay } from '../../support/relay.ts';
import type { DefenderRole } from '../defender.ts';

export const receptionRole: DefenderRole = {
  async ours({ certificate, patienceMs, maxConnections }) {
    const relay = await startTestRelay(
      // It is closed by whoever asked for it.
      { after: () => undefined },
      {
        keyPair: certificate,
        listeners: [{ tls: 'starttls', requireTls: true }, { tls: 'implicit' }],
        limits: { sessions: maxConnections },
        serverPatience: { command: patienceMs, handshake: patienceMs },
      },
    );
    const [plain, implicit] = relay.relay.listeners;
    return {
      port: plain?.port ?? 0,
      tlsPort: implicit?.port ?? 0,
      get taken() {
        return relay.events
          .filter(({ event }) => event === 'received')
          .map(({ from, to }) => `${from} to ${to}`);
      },
      close: () => relay.close(0),
    };
  },
  speaks: (protocol) => protocol === 'smtp',
  hasBackend: () => false,
};

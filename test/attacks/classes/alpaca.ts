/** A browser that somebody has sent to the port of another protocol (ALPACA, 2021). */
import type { Attack } from '../cell.ts';
import { assaults, heardBy, type Scene } from '../defender.ts';
import { EVIL } from '../dialect.ts';

const FOREIGN = { ALPNProtocols: ['h2', 'http/1.1'] };
/** Long enough to be whole requests of any protocol. */
const REQUEST = `POST /${EVIL} HTTP/1.1\r\nHost: server.test\r\nX: ${'x'.repeat(300)}\r\n\r\n`;
/** Whoever is not cut off after that is served. */
const SOON_MS = 1_000;

/** Says it where a request is awaited, and looks whether anything comes of it. */
async function request(
  { come, backend, defender }: Scene,
  port: 'clear' | 'tls',
): Promise<string | undefined> {
  const client = await come(port === 'clear' ? defender.port : defender.tlsPort);
  if (port === 'tls' && !(await client.secure())) throw new Error('no TLS');
  await client.hear();
  client.say(REQUEST);
  const over = await client.over(SOON_MS);
  if (client.heard.includes(EVIL)) return 'its words are quoted';
  if (heardBy(backend).includes('POST')) return 'the backend was asked';
  return over ? undefined : 'it is heard on';
}

export const alpaca: Attack = {
  name: 'alpaca',
  cells: assaults([
    {
      how: 'a ClientHello that names other protocols, behind the request for TLS',
      weak: ['takesAnyAlpn'],
      async attack({ come }) {
        const client = await come();
        await client.reachGoAhead();
        return (await client.secure(FOREIGN)) ? `it speaks ${FOREIGN.ALPNProtocols.join(', ')}` : undefined;
      },
    },
    {
      how: 'a ClientHello that names other protocols, where TLS comes first',
      weak: ['takesAnyAlpn'],
      async attack({ come, defender }) {
        const client = await come(defender.tlsPort);
        return (await client.secure(FOREIGN)) ? `it speaks ${FOREIGN.ALPNProtocols.join(', ')}` : undefined;
      },
    },
    {
      how: 'a request of HTTP as the first words, in clear',
      weak: ['answersHttp'],
      attack: (scene) => request(scene, 'clear'),
    },
    {
      how: 'a request of HTTP as the first words, inside TLS',
      weak: ['answersHttp'],
      attack: (scene) => request(scene, 'tls'),
    },
  ]),
  without: (role) =>
    role === 'client' || role === 'reverse' ? 'it serves nobody' : 'mail comes in by SMTP only',
};

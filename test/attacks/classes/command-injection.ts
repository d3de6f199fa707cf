/** Commands in clear that are run inside TLS (Postfix CVE-2011-0411, PostgreSQL CVE-2021-23214 …). */
import { type Assailant, QUIET_MS } from '../assailant.ts';
import type { Attack } from '../cell.ts';
import { assaults, heardBy, type Scene } from '../defender.ts';
import { EVIL } from '../dialect.ts';

/** Rule 1 of docs/attacks.md: on plaintext the handshake dies. */
async function whatRan(
  client: Assailant,
  { backend, dialect }: Scene,
  more = '',
): Promise<string | undefined> {
  const inTls = await client.secure();
  if (inTls) {
    if (dialect.greetsInside) await client.answer('greeting');
    if (more !== '') client.say(more);
    const heard = await client.hear();
    if (heardBy(backend).includes(EVIL)) return 'the words in clear were run inside TLS';
    if (more === '' && heard !== '') return `inside TLS somebody is answered who said nothing: ${heard}`;
    return 'the handshake went on over plaintext';
  }
  return heardBy(backend).includes(EVIL) ? 'the words in clear were run' : undefined;
}

const split = (text: string): [string, string] => {
  const at = text.indexOf(EVIL) + 2;
  return [text.slice(0, at), text.slice(at)];
};

export const commandInjection: Attack = {
  name: 'command-injection',
  cells: assaults([
    {
      how: 'a whole request behind the request for TLS, in one segment',
      weak: ['keepsLeftover'],
      async attack(scene) {
        const { come, dialect } = scene;
        const client = await come();
        await client.approach();
        client.say(dialect.upgrade + dialect.probe(EVIL));
        if (dialect.goAhead !== '') await client.answer('goAhead');
        return whatRan(client, scene);
      },
    },
    {
      how: 'the beginning of a request, which ends inside TLS',
      weak: ['keepsLeftover'],
      async attack(scene) {
        const { come, dialect } = scene;
        const client = await come();
        await client.approach();
        const [first, rest] = split(dialect.probe(EVIL));
        client.say(dialect.upgrade + first);
        if (dialect.goAhead !== '') await client.answer('goAhead');
        return whatRan(client, scene, rest);
      },
    },
    {
      how: 'a whole request behind the go-ahead, in a segment of its own',
      weak: ['keepsLeftover', 'dawdles'],
      async attack(scene) {
        const { come, dialect } = scene;
        const client = await come();
        await client.reachGoAhead();
        client.say(dialect.probe(EVIL));
        return whatRan(client, scene);
      },
    },
    {
      how: 'the request for TLS in two segments, words behind the second',
      weak: ['keepsLeftover'],
      async attack(scene) {
        const { come, dialect } = scene;
        const client = await come();
        await client.approach();
        client.say(dialect.upgrade.slice(0, -1));
        await new Promise((resolve) => setTimeout(resolve, QUIET_MS / 4));
        client.say(dialect.upgrade.slice(-1) + dialect.probe(EVIL));
        if (dialect.goAhead !== '') await client.answer('goAhead');
        return whatRan(client, scene);
      },
    },
    {
      how: 'an eager ClientHello in the segment of the request has to begin TLS (RFC 9051 §6.2.1)',
      weak: ['dropsLeftover'],
      async attack({ come, dialect }) {
        const client = await come();
        await client.approach();
        return (await client.secureEagerly(dialect.upgrade)) ? undefined : 'the ClientHello was thrown away';
      },
    },
  ]),
  without: (role) =>
    role === 'client' || role === 'reverse' ? 'it takes no commands' : 'mail comes in by SMTP only',
};

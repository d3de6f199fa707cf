/** A relay between a peer that gets its mail and one where the senders are. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createAuthority } from '../../support/certificates.ts';
import {
  type Answer,
  type HostileServer,
  type Script,
  startHostileServer,
} from '../../support/hostile-server.ts';
import { greetedClient } from '../../support/raw-client.ts';
import {
  eventually,
  type RouteSpec,
  startTestRelay,
  type TestRelay,
  type TestRelayOptions,
} from '../../support/relay.ts';

export const authority = await createAuthority();
export const certificate = await authority.issue({ names: ['mx.test'] });

/** The offers in answer to EHLO or LHLO. */
export function hello(...offers: readonly string[]): Answer {
  const lines = ['hostile.test', ...offers];
  return { say: lines.map((line, at) => `250${at < lines.length - 1 ? '-' : ' '}${line}\r\n`).join('') };
}

export async function startPeer(
  t: TestContext,
  script: Partial<Script> = {},
  listen?: { readonly address: string; readonly port: number },
): Promise<HostileServer> {
  const peer = await startHostileServer(certificate, script, listen);
  t.after(() => peer.close());
  return peer;
}

/** A relay that sends far.test to `peer`, and origin.test, where the senders are, to a peer of its own. */
export async function setting(
  t: TestContext,
  script: Partial<Script>,
  { route = {}, ...options }: Partial<TestRelayOptions> & { route?: Partial<RouteSpec> } = {},
): Promise<{ peer: HostileServer; origin: HostileServer; relay: TestRelay }> {
  const peer = await startPeer(t, script);
  const origin = await startPeer(t);
  const relay = await startTestRelay(t, {
    level: 'authenticate',
    trust: [authority.certPem],
    keyPair: certificate,
    ...options,
    routes: [
      { domain: 'far.test', to: { host: 'mx.test', port: peer.port, protocol: 'smtp' }, ...route },
      { domain: 'origin.test', to: { host: 'mx.test', port: origin.port }, tls: 'off' },
    ],
  });
  return { peer, origin, relay };
}

/** Hands a message in with the parameters of DSN and SMTPUTF8. @returns its id. */
export async function handIn(
  relay: TestRelay,
  to: readonly string[],
  { mail = '', content = 'Subject: test\r\n\r\nthe body\r\n' } = {},
): Promise<string> {
  const client = await greetedClient(relay.port);
  await client.expect(`MAIL FROM:<anna@origin.test>${mail}`, '250');
  for (const one of to) {
    client.write(Buffer.from(`RCPT TO:${one}\r\n`));
    assert.match(await client.reply(), /^250/);
  }
  await client.expect('DATA', '354');
  client.write(content);
  const answer = await client.expect('.', '250');
  client.close();
  return /kept as ([a-z0-9]+)/.exec(answer)?.[1] ?? assert.fail(answer);
}

export function ended(relay: TestRelay, count: number): Promise<true> {
  return eventually(`${count} ends`, () =>
    relay.events.filter(({ event }) => event !== 'received').length >= count ? true : undefined,
  );
}

export const people = (count: number): string[] => Array.from({ length: count }, (_, n) => `p${n}@far.test`);

/** What a notification says of its recipients, once it has arrived where the senders are. */
export async function notice(origin: HostileServer): Promise<string> {
  const message = await eventually('the notification', () => origin.messages[0]);
  assert.equal(message.sender, '');
  return message.content.toString().replace(/\r\n(?= )/g, '');
}

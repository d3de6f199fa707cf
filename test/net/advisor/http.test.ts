import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { it } from 'node:test';
import { openHttpDesk } from '../../../src/advisor/http.ts';
import { startDeadlines } from '../../../src/net/deadlines.ts';
import { listenLocally } from '../../../src/net/local-listener.ts';
import { attributesFor } from '../../../src/policies/answers/postfix-text.ts';
import { mayRules, watchedDesk } from '../../support/advisor.ts';

it('a client that does not take its answers is left', async (t) => {
  const deadlines = startDeadlines(20);
  const { desk } = watchedDesk();
  const attributes = attributesFor({ major: 3, minor: 7 });
  const http = openHttpDesk(
    {
      desk,
      terms: () => ({ dane: 'with', attributes, outcomes: false, rulesFor: () => mayRules }),
      remember: () => false,
      wallClock: () => 0,
      version: '1.2.3',
      onError: (what, error) => assert.fail(`${what}: ${String(error)}`),
    },
    deadlines,
    300,
  );
  const listener = await listenLocally({
    place: { kind: 'address', address: '127.0.0.1', port: 0 },
    most: () => 10,
    receive: (socket) => http.receive(socket),
    server: http.server,
    umask: (mask) => process.umask(mask),
    onError: (error) => assert.fail(String(error)),
  });
  t.after(async () => {
    await listener.close(0);
    deadlines.close();
  });
  const { place } = listener;
  const client = connect(place.kind === 'address' ? place.port : 0, '127.0.0.1');
  t.after(() => client.destroy());
  client.on('error', () => client.destroy());
  await once(client, 'connect');
  // More answers than the kernel keeps for somebody who does not read.
  client.pause();
  client.write('GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(5_000));
  const begun = performance.now();
  while (listener.connections > 0) {
    assert.ok(performance.now() - begun < 5_000, 'it is still connected');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(performance.now() - begun > 250);
});
